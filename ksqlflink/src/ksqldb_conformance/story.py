"""The recorded REST exchanges as one story: its order is data (story.yaml), the exchanges are recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from .case import Formats, InputRecord, Level, Shape, Topic

STORY = Path(__file__).resolve().parent / "story.yaml"
OWN_STORY = Path(__file__).resolve().parent / "own_story.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """A recorded file to replay, or statements that create sources the following files use."""

    level: Level
    file: str = ""
    statements: list[str] = Field(default_factory=list)
    creates: list[str] = Field(default_factory=list)
    later: list[int] = Field(default_factory=list)
    skip: str = ""
    unordered: bool = False

    def wanted(self, level: Level) -> bool:
        """True if this step is part of a run at `level`."""
        return level == "full" or self.level == "core"


class Story(_Strict):
    """Everything needed before the first exchange, and the steps in their order."""

    topics: list[Topic]
    sinks: list[str] = Field(default_factory=list)
    unlisted: list[str] = Field(default_factory=list)
    formats: dict[str, Formats] = Field(default_factory=dict)
    schemas: dict[str, Any] = Field(default_factory=dict)
    inputs: list[InputRecord] = Field(default_factory=list)
    steps: list[Step]

    @property
    def all_topics(self) -> list[str]:
        """Every topic the story reads or writes."""
        return [*(topic.name for topic in self.topics), *self.sinks]

    def files(self, level: Level) -> list[str]:
        """Names of the files of a run at `level`."""
        return [step.file for step in self.steps if step.file and step.wanted(level)]


class Request(_Strict):
    """A request as it was sent; `body` is text, a JSON object, or None for no body."""

    method: str
    path: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    http: str = "1.1"


class Response(_Strict):
    """A response as it came; a header that is not shown was not there."""

    status: int
    headers: dict[str, str | None] = Field(default_factory=dict)
    body: Any = None
    cut_by_client: bool = False
    after_close: str | None = None


class Exchange(_Strict):
    """One request with its response.

    The topics of `topic_before` are made just before it, and the schemas of `subject_before` registered.
    """

    request: Request
    response: Response
    topic_before: dict[str, Shape] = Field(default_factory=dict)
    subject_before: dict[str, Any] = Field(default_factory=dict)

    @property
    def topics(self) -> dict[str, Shape]:
        """The topics to be made, those of the subjects too."""
        named: dict[str, Shape] = {
            subject.rpartition("-")[0]: {"partitions": 1} for subject in self.subject_before
        }
        return {**named, **self.topic_before}


class RecordedFile(BaseModel):
    """A file of exchanges; what there is after them: `subjects` with their schema text, `topics_after`.

    None stands for what is not there.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    exchanges: list[Exchange]
    subjects: dict[str, str | None]
    topics_after: dict[str, Shape | None] = Field(default_factory=dict)
    trimmed: bool = False

    @property
    def own_topics(self) -> list[str]:
        """Topics that this file alone is about."""
        before = [name for exchange in self.exchanges for name in exchange.topics]
        return list(dict.fromkeys([*before, *self.topics_after]))


def load_story(path: Path = STORY) -> Story:
    """Read story.yaml, or another story."""
    return Story.model_validate(yaml.safe_load(path.read_text()))


def load_recorded(path: Path) -> RecordedFile:
    """Read one recorded file, whether it holds one exchange or a sequence."""
    data = json.loads(path.read_bytes())
    exchanges = data.get("exchanges") or [{"request": data["request"], "response": data["response"]}]
    return RecordedFile(
        name=data["name"],
        exchanges=exchanges,
        topics_after=data.get("topics_after", {}),
        subjects={**data.get("registered", {}), **data.get("subject_after", {})},
        trimmed=bool(data.get("trimmed")),
    )
