"""What the recorded server had at each point of the story, and its names on the server under test."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from .masking import PERSISTENT_QUERY

_COMMAND = re.compile(r"(?:stream|table)/`?([^`/]+)`?/(create|drop)")


@dataclass
class World:
    """Sources and queries the story has made so far.

    `sources` are on the recorded server now; `claimed` the server under test said it created;
    `foreign` were there before the story.
    """

    sources: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    _queries: dict[str, str | None] = field(default_factory=dict)
    _sequence_numbers: dict[int, int] = field(default_factory=dict)

    def follow(self, recorded: Any) -> None:
        """Take note of what a recorded answer created and dropped."""
        _follow(recorded, self.sources)
        for entity in _statuses(recorded):
            query_id = entity["commandStatus"].get("queryId")
            if query_id is not None:
                self._queries.setdefault(query_id, None)

    def learn(self, recorded: Any, actual: Any) -> set[str]:
        """Learn what the actual answer calls the recorded one's queries; the actual ids."""
        _follow(actual, self.claimed)
        found: set[str] = set()
        for old, new in zip(_statuses(recorded), _statuses(actual), strict=False):
            old_id, new_id = old["commandStatus"].get("queryId"), new["commandStatus"].get("queryId")
            if old_id and new_id:
                self._queries[old_id] = new_id
                found.add(new_id)
            self._sequence_numbers[old["commandSequenceNumber"]] = new.get("commandSequenceNumber", 0)
        return found

    def forget_all_but(self, sources: Collection[str]) -> None:
        """Forget sources that have been removed again."""
        self.sources.intersection_update(sources)
        self.claimed.intersection_update(sources)

    def denied(self, listed: Collection[str]) -> list[str]:
        """Differences for sources that the server said it created and does not list; each is said once."""
        missing = sorted(self.claimed.difference(listed))
        self.claimed.intersection_update(listed)
        return [f"{name} was created but is not listed" for name in missing]

    def unknown_queries(self, sent: str) -> list[str]:
        """Recorded queries that a request names and the server under test does not have."""
        return [
            found[0] for found in PERSISTENT_QUERY.finditer(sent) if self._queries.get(found[0], "") is None
        ]

    def translated(self, body: Any) -> Any:
        """A recorded request body with the ids of the server under test."""
        if not isinstance(body, dict):
            return body
        text = PERSISTENT_QUERY.sub(lambda found: self._queries.get(found[0]) or found[0], json.dumps(body))
        translated: dict[str, Any] = json.loads(text)
        number = translated.get("commandSequenceNumber")
        if number in self._sequence_numbers:
            translated["commandSequenceNumber"] = self._sequence_numbers[number]
        return translated


def _follow(body: Any, sources: set[str]) -> None:
    for entity in _statuses(body):
        command = _COMMAND.fullmatch(entity.get("commandId", ""))
        if command is not None and command[2] == "create":
            sources.add(command[1])
        elif command is not None:
            sources.discard(command[1])


def _statuses(body: Any) -> Iterator[dict[str, Any]]:
    for entity in body if isinstance(body, list) else []:
        if isinstance(entity, dict) and isinstance(entity.get("commandStatus"), dict):
            yield entity
