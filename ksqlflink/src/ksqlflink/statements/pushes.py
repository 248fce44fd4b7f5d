"""The push queries that run for clients, as statements see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_PUSH_QUERIES = 100  # and PRINTs, at once: ksqlDB's own `ksql.max.push.queries`


@dataclass(frozen=True)
class RunningPush:
    """A push query and its text."""

    id: str
    text: str


class Pushes(Protocol):
    """What statements need of the push queries; what is written here knows none."""

    def running(self) -> Sequence[RunningPush]:
        """Return the push queries."""
        return ()

    def terminate(self, query_id: str) -> RunningPush | None:
        """End the push query of that id, whatever the case of the id; None when there is none."""
        del query_id
        return None


class NoPushes(Pushes):
    """Stands in where no push queries are served."""
