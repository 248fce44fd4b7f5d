"""The pipeline at one moment: its parts, and how far each reader is behind what it reads."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["topic", "schema", "query", "connector", "collection"]


class Frozen(BaseModel):
    """Base of the models here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class State(StrEnum):
    """How a part is. UNKNOWN: its service could not be asked."""

    OK = "ok"
    DRIFTED = "drifted"
    STALLED = "stalled"
    FAILED = "failed"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Part(Frozen):
    """One part of the pipeline. `messages` are records on a topic or documents in the collection."""

    kind: Kind
    name: str
    state: State
    detail: str = ""
    messages: int | None = None

    @property
    def key(self) -> str:
        """What a link refers to: "topic macd_orders"."""
        return f"{self.kind} {self.name}"


class Link(Frozen):
    """Data flows from one part (its key) to another; `lag` is how many messages the reader is behind."""

    source: str
    target: str
    lag: int | None = None


class PipelineState(Frozen):
    """Everything that one look found, in the order in which the data flows."""

    observed_at: datetime
    parts: tuple[Part, ...]
    links: tuple[Link, ...]
