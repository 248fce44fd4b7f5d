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
from ksqlflink.catalogue.model import DataSource
from ksqlflink.errors import KsqlError
from ksqlflink.results.places import Places
from ksqlflink.results.rows import ResultRow
from ksqlflink.services.records import Follower, Place, Record, Span
from ksqlflink.services.registry import Registry
from ksqlflink.statements.backlog import with_backlog
from ksqlflink.statements.create_query import client_plan, start_offsets
from ksqlflink.statements.world import World
from ksqlflink.worker.errors import WorkerDied, WorkerRefusal
from ksqlflink.worker.records import Json, record_json, schemas_of

_LOG = logging.getLogger(__name__)
_MOST = 2**20  # bytes of records and of results at once
_AT_ONCE, _LONG = 4, 8  # calls with records in them; more would only fill the worker's memory
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
    inputs: Sequence[DataSource]
    follower: Follower
    registry: Registry
    runner: Runner
    plan: Json
    session: int

    def poll(self, seconds: float) -> Items:
        """Return what has come for the plan to read, nothing if there is nothing within the time."""
        return self.follower.poll(seconds)

    def rows(self, items: Items) -> Iterator[ResultRow | None]:
        """Yield what the plan makes of that, and None now and then."""
        left = [
            (record, number)
            for topic, record in items
            for number, source in enumerate(self.inputs)
            if source.topic == topic
        ]
        while left:
            answer = self._taken(left)
            left = left[answer["taken"] :]
            self._note(answer["skipped"])
            for key, value, _ in answer["records"]:
                yield ResultRow(b64decode(value or key).decode(), tombstone=value is None)
            yield None

    def _taken(self, given: Sequence[tuple[Record, int]]) -> Json:
        """Let the worker take as many of the records as it can answer at once."""
        few = given[: _fitting(record for record, _ in given)]
        read = ((record, self.inputs[number]) for record, number in few)
        members = {"records": [record_json(*item) for item in few], "most": _MOST}
        members["schemas"] = schemas_of(read, self.registry)
        try:
            return self._answer(members)
        except (WorkerDied, WorkerRefusal) as error:
            if self.plan["operation"]["kind"] != "PROJECT" or not _is_gone(error):
                raise
        # It held nothing. One at a time: what ended the process ends no other's second try.
        with self.runner.again:
            self.session = self.runner.call("run.open", plan=self.plan)["session"]
            return self._answer(members)

    def _answer(self, members: Json) -> Json:
        return self.runner.call("run.records", session=self.session, **members)

    def _note(self, skipped: Sequence[Any]) -> None:
        for partition, offset, reason in skipped[:1]:
            place = f"the first at offset {offset} of partition {partition}: {reason}"
            _LOG.warning("%s skips %d records, %s", self.query_id, len(skipped), place)

    def close(self) -> None:
        """Let go of what it holds."""
        try:
            self.follower.close()
        finally:
            with suppress(KsqlError):  # what has ended by itself holds nothing
                self.runner.worker.call("run.close", session=self.session)


def _is_gone(error: KsqlError) -> bool:
    """Tell whether the process has ended that a plan ran in."""
    return isinstance(error, WorkerDied) or error.message.startswith("unknown session")


def _fitting(records: Iterable[Record]) -> int:
    """Return how many of the records go into one call: a large one goes by itself."""
    sizes = accumulate(len(record.key or b"") + len(record.value or b"") for record in records)
    return max(1, sum(1 for _ in takewhile(lambda size: size <= _MOST, sizes)))


@dataclass
class Runner:
    """Runs the plans of push queries: nothing of them is left when they, the worker or the server end."""

    worker: Caller
    registry_url: str
    again: threading.Lock = field(default_factory=threading.Lock)
    _places: Places = field(default_factory=lambda: Places(_AT_ONCE, _LONG))

    def call(self, op: str, **members: Any) -> dict[str, Any]:
        """Return the worker's answer."""
        with self._places.one():
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
        sources = tuple(analysis.inputs.values())
        return PlanRun(query_id, sources, follower, world.registry, self, plan, session)
