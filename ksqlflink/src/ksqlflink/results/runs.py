"""Plans that run in the worker over the topics they read, for a client."""

from __future__ import annotations

import logging
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from ksqlflink.analysis import Analysis
from ksqlflink.errors import KsqlError
from ksqlflink.results.rows import ResultRow
from ksqlflink.services.records import Follower, Place, Record
from ksqlflink.statements.create_query import client_plan, start_offsets
from ksqlflink.statements.world import World

_LOG = logging.getLogger(__name__)
_MOST = 2**20  # bytes of results at once
_AT_ONCE = 4  # calls with records in them; more would only fill the worker's memory
_CALL_SECONDS = 20.0
Items = Sequence[tuple[str, Record]]


class Caller(Protocol):
    """The worker's process."""

    def call(self, op: str, timeout: float = ..., **members: Any) -> dict[str, Any]:
        """Return what the process answers, or raise a ServerProblem."""


@dataclass
class PlanRun:
    """A plan that is being run; it is closed by whoever opened it."""

    query_id: str
    inputs: Sequence[str]
    follower: Follower
    runner: Runner
    session: int

    def poll(self, seconds: float) -> Items:
        """Return what has come for the plan to read, nothing if there is nothing within the time."""
        return self.follower.poll(seconds)

    def rows(self, items: Items) -> Iterator[ResultRow]:
        """Yield what the plan makes of that."""
        left = [
            [number, *_members(record)]
            for topic, record in items
            for number, name in enumerate(self.inputs)
            if name == topic
        ]
        while left:
            answer = self.runner.call("run.records", session=self.session, records=left, most=_MOST)
            left = left[answer["taken"] :]
            self._note(answer["skipped"])
            for key, value, _ in answer["records"]:
                yield ResultRow(b64decode(value or key).decode(), tombstone=value is None)

    def _note(self, skipped: Sequence[Any]) -> None:
        for partition, offset, reason in skipped[:1]:
            place = f"the first at offset {offset} of partition {partition}: {reason}"
            _LOG.warning("%s skips %d records, %s", self.query_id, len(skipped), place)

    def close(self) -> None:
        """Let go of what it holds."""
        self.follower.close()
        with suppress(KsqlError):  # what has ended by itself holds nothing
            self.runner.worker.call("run.close", session=self.session)


def _members(record: Record) -> tuple[Any, ...]:
    place = record.partition, record.offset
    return *place, record.timestamp, _text(record.key), _text(record.value)


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


@dataclass
class Runner:
    """Runs the plans of push queries: nothing of them is left when they, the worker or the server end."""

    worker: Caller
    registry_url: str
    _calls: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_ONCE))

    def call(self, op: str, **members: Any) -> dict[str, Any]:
        """Return the worker's answer."""
        with self._calls:
            return self.worker.call(op, _CALL_SECONDS, **members)

    def open(self, query_id: str, analysis: Analysis, world: World, properties: Mapping[str, Any]) -> PlanRun:
        """Begin to read what a query reads, and let the worker take in its plan."""
        starts: dict[Place, int] = {}
        for topic, offsets in start_offsets(analysis, world, properties).items():
            beginning = dict.fromkeys(world.topics.end_offsets(topic), 0) if offsets is None else offsets
            starts |= {(topic, number): offset for number, offset in beginning.items()}
        follower = world.records.follower(starts)
        try:
            session = self.call("run.open", plan=client_plan(analysis, self.registry_url))["session"]
        except BaseException:
            follower.close()
            raise
        topics = [source.topic for source in analysis.inputs.values()]
        return PlanRun(query_id, topics, follower, self, session)
