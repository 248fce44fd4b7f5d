"""Persistent queries that run in the worker, over topics in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import FlinkJob, Query
from ksqlflink.errors import NotSupported, ServerProblem
from ksqlflink.services.records import Record
from ksqlflink.services.registry import Registry
from ksqlflink.statements.backlog import with_backlog
from ksqlflink.statements.create_query import JobBuilder, QueryPlan, start_offsets
from ksqlflink.statements.jobs import NoJobs
from ksqlflink.statements.world import World
from ksqlflink.testing.services import MemoryKafka, placed_by
from ksqlflink.worker.process import Worker
from ksqlflink.worker.records import bytes_of, record_json, schemas_of

_WINDOW_BYTES = {None: 0, "TIME": 8, "SESSION": 16}
_ROUNDS = 10_000  # a query that feeds itself would never come to rest
Arrived = tuple[str, Record]


@dataclass(frozen=True)
class Planned:
    """What a query does: its plan, the topics of its inputs, where it starts in them, and its sink."""

    plan: Json
    topics: tuple[str, ...]
    starts: Mapping[str, Mapping[int, int] | None]
    sink: str = ""


@dataclass(frozen=True)
class PlanKeeper(JobBuilder):
    """Keeps the plans of queries, by their ids, instead of making Flink jobs of them."""

    plans: dict[str, Planned] = field(default_factory=dict)

    def build(self, plan: QueryPlan, world: World, properties: Mapping[str, Any], query_id: str) -> FlinkJob:
        """Keep a plan; the job is an empty one."""
        starts = start_offsets(plan.analysis, world, properties)
        topics = tuple(source.topic for source in plan.analysis.inputs.values())
        json = with_backlog(self.plan_json(plan, world, properties), plan.analysis, starts, world)
        self.plans[query_id] = Planned(json, topics, starts, plan.topic.name)
        return FlinkJob({}, (), "", "")


class Session:
    """A plan that the worker runs."""

    def __init__(self, worker: Worker, registry: Registry, planned: Planned) -> None:
        self._worker, self._registry, self.planned = worker, registry, planned
        self._id = worker.call("run.open", plan=planned.plan)["session"]

    def feed(self, arrived: Iterable[Arrived]) -> list[tuple[bytes | None, bytes | None, int]]:
        """Hand records over; what comes out of them: key, value, time."""
        starts = self.planned.starts
        taken = [
            (record, number)
            for topic, record in arrived
            for number, name in enumerate(self.planned.topics)
            if name == topic and record.offset >= (starts[topic] or {}).get(record.partition, 0)
        ]
        if not taken:
            return []
        rows = [record_json(*pair) for pair in taken]
        schemas = schemas_of(((record, None) for record, _ in taken), self._registry)
        answer = self._worker.call("run.records", session=self._id, records=rows, schemas=schemas)
        return [(bytes_of(key), bytes_of(value), ms) for key, value, ms in answer["records"]]

    def close(self) -> None:
        """Let the worker forget it."""
        self._worker.call("run.close", session=self._id)


@dataclass
class _Running:
    session: Session
    at: int  # how far it has come in the log
    rests: bool = False


@dataclass
class WorkerQueries(NoJobs):
    """The queries of a catalogue; `settle` lets them work until nothing is left to do."""

    world: World
    kafka: MemoryKafka
    plans: Mapping[str, Planned]
    _running: dict[str, _Running] = field(default_factory=dict)

    def start(self, query: Query) -> None:
        """Start a query; what its topics hold already comes first."""
        planned, before = self.plans[query.id], self._running.pop(query.id, None)
        session, end = Session(self.world.worker, self.world.registry, planned), len(self.kafka.log)
        self._running[query.id] = _Running(session, before.at if before else end)
        if before is None:
            full = [(topic, record) for topic, record in self.kafka.log[:end] if topic in planned.topics]
            self._write(planned, session.feed(full))

    def stop(self, query: Query) -> None:
        """Stop a query."""
        self._running.pop(query.id).session.close()
        self.world.catalogue.remove_stopping(query.job_id)

    def pause(self, query_id: str) -> None:
        """Let what comes in wait."""
        self._running[query_id].rests = True

    def resume(self, query_id: str) -> None:
        """Go on with what has waited."""
        self._running[query_id].rests = False

    def replace(self, query: Query) -> Query:
        """End a query that another one takes over from."""
        if self.plans[query.id].plan["operation"]["kind"] != "PROJECT":
            raise NotSupported("CREATE OR REPLACE of a query with state is not supported without Flink")
        self._running[query.id].session.close()
        return query

    def states(self) -> dict[str, str]:
        """Return RUNNING or PAUSED by query id."""
        return {name: "PAUSED" if one.rests else "RUNNING" for name, one in self._running.items()}

    def settle(self) -> None:
        """Hand the records that came to the queries, and what comes out of these to the next ones."""
        for _ in range(_ROUNDS):
            worked = [self._step(one) for one in self._running.values() if not one.rests]
            if not any(worked):
                return
        raise ServerProblem("The queries feed one another without end.")

    def _step(self, one: _Running) -> bool:
        arrived, one.at = self.kafka.log[one.at :], len(self.kafka.log)
        self._write(one.session.planned, one.session.feed(arrived))
        return bool(arrived)

    def _write(self, planned: Planned, rows: Iterable[tuple[bytes | None, bytes | None, int]]) -> None:
        partitions = self.kafka.topics[planned.sink].partitions
        window = _WINDOW_BYTES[planned.plan["sink"]["key"].get("window")]
        for key, value, ms in rows:
            # A windowed row is placed by its key without the window.
            unwindowed = key[:-window] if key is not None and window else key
            self.kafka.append(planned.sink, key, value, ms, placed_by(unwindowed, partitions))

    def close(self) -> None:
        """End all queries."""
        for one in self._running.values():
            one.session.close()
        self._running.clear()
