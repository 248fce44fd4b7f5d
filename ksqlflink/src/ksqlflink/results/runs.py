"""Plans that run in the worker over the topics they read, for a client."""

from __future__ import annotations

import logging
import threading
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from typing import Any, Protocol

from ksqlflink.analysis import Analysis
from ksqlflink.errors import KsqlError
from ksqlflink.results.rows import ResultRow
from ksqlflink.services.records import Follower, Place, Record, Span
from ksqlflink.services.registry import Registry
from ksqlflink.statements.backlog import with_backlog
from ksqlflink.statements.create_query import client_plan, start_offsets
from ksqlflink.statements.world import World
from ksqlflink.worker.records import record_json, schemas_of

_LOG = logging.getLogger(__name__)
_MOST = 2**20  # bytes of records and of results at once
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
    registry: Registry
    runner: Runner
    session: int

    def poll(self, seconds: float) -> Items:
        """Return what has come for the plan to read, nothing if there is nothing within the time."""
        return self.follower.poll(seconds)

    def rows(self, items: Items) -> Iterator[ResultRow | None]:
        """Yield what the plan makes of that, and None now and then."""
        left = [
            (record, number)
            for topic, record in items
            for number, name in enumerate(self.inputs)
            if name == topic
        ]
        while left:
            answer = self._taken(left)
            left = left[answer["taken"] :]
            self._note(answer["skipped"])
            for key, value, _ in answer["records"]:
                yield ResultRow(b64decode(value or key).decode(), tombstone=value is None)
            yield None

    def _taken(self, given: Sequence[tuple[Record, int]]) -> dict[str, Any]:
        """Let the worker take as many of the records as it can answer at once."""
        few = given[: _fitting(record for record, _ in given)]
        schemas = schemas_of((record for record, _ in few), self.registry)
        records = [record_json(*item) for item in few]
        return self.runner.call(
            "run.records", session=self.session, records=records, schemas=schemas, most=_MOST
        )

    def _note(self, skipped: Sequence[Any]) -> None:
        for partition, offset, reason in skipped[:1]:
            place = f"the first at offset {offset} of partition {partition}: {reason}"
            _LOG.warning("%s skips %d records, %s", self.query_id, len(skipped), place)

    def close(self) -> None:
        """Let go of what it holds."""
        self.follower.close()
        with suppress(KsqlError):  # what has ended by itself holds nothing
            self.runner.worker.call("run.close", session=self.session)


def _fitting(records: Iterable[Record]) -> int:
    """Return how many of the records go into one call: a large one goes by itself."""
    sizes = accumulate(len(record.key or b"") + len(record.value or b"") for record in records)
    return max(1, sum(1 for _ in takewhile(lambda size: size <= _MOST, sizes)))


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
        spans: dict[Place, Span] = {}
        offsets_by_topic = start_offsets(analysis, world, properties)
        for topic, offsets in offsets_by_topic.items():
            ends = world.topics.end_offsets(topic) if offsets is None else offsets
            spans |= {(topic, n): (0 if offsets is None else end, end) for n, end in ends.items()}
        plan = client_plan(analysis, self.registry_url, properties)
        plan = with_backlog(plan, analysis, offsets_by_topic, world)
        follower = world.records.follower(spans)
        try:
            session = self.call("run.open", plan=plan)["session"]
        except BaseException:
            follower.close()
            raise
        topics = [source.topic for source in analysis.inputs.values()]
        return PlanRun(query_id, topics, follower, world.registry, self, session)
