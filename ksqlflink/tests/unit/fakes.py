"""Kafka, registry and query engine in memory, and the recordings of a real ksqlDB server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ksqldb_conformance.services import RECORDINGS
from ksqldb_conformance.story import OWN_STORY, load_story
from ksqlflink.catalogue.model import Query
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.dialect.statements import SelectStatement
from ksqlflink.flink.gateway import FlinkRefusal
from ksqlflink.flink.translate import Services
from ksqlflink.results.rows import Header
from ksqlflink.results.runs import Runner
from ksqlflink.results.service import QueryService
from ksqlflink.services.http import HttpError
from ksqlflink.services.records import Place, Record, Span, last_offsets
from ksqlflink.services.topics import Topic
from ksqlflink.statements.connectors import NoConnect
from ksqlflink.statements.create_query import JobBuilder
from ksqlflink.statements.executor import Executor
from ksqlflink.statements.requests import RequestHandler
from ksqlflink.statements.server_properties import ServerProperties
from ksqlflink.statements.world import World
from ksqlflink.testing.services import MemoryKafka, MemoryRegistry
from ksqlflink.worker.process import Worker
from workers import shared


@dataclass
class FakeTopics(MemoryKafka):
    """Topics whose records are elsewhere"""

    records: FakeRecords = field(default_factory=lambda: FakeRecords())

    def add(self, name: str, partitions: int = 1) -> None:
        self.topics[name] = Topic(name, partitions, 1)

    def end_offsets(self, name: str) -> dict[int, int]:
        return self.records.ends(name, self.topics[name].partitions)


@dataclass
class FakeReader:
    records: FakeRecords
    topic: str
    at: dict[int, int]
    closed: bool = False

    def poll(self, seconds: float) -> list[Record]:
        found = [
            record
            for record in self.records.topics.get(self.topic, [])
            if record.offset >= self.at.get(record.partition, 0)
        ]
        for record in found:
            self.at[record.partition] = record.offset + 1
        if not found:
            time.sleep(0.001)
        return found

    def position(self) -> dict[int, int]:
        return self.at

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeFollower:
    records: FakeRecords
    at: dict[Place, int]
    closed: bool = False

    def poll(self, seconds: float) -> list[tuple[str, Record]]:
        found = [
            (topic, record)
            for topic, listed in self.records.topics.items()
            for record in listed
            if record.offset >= self.at.get((topic, record.partition), record.offset + 1)
        ]
        for topic, record in found:
            self.at[topic, record.partition] = record.offset + 1
        if not found:
            time.sleep(0.001)
        return found

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeRecords:
    topics: dict[str, list[Record]] = field(default_factory=dict)
    followers: list[FakeFollower] = field(default_factory=list)

    def write(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> None:
        listed = self.topics.setdefault(topic, [])
        listed.append(Record(0, len(listed), key, value, timestamp))

    def reader(self, topic: str, starts: Mapping[int, int] | None, partitions: Iterable[int]) -> FakeReader:
        return FakeReader(self, topic, dict(starts or dict.fromkeys(partitions, 0)))

    def last(self, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]) -> Mapping[int, int]:
        return last_offsets(self, topic, begins, ends)

    def follower(self, spans: Mapping[Place, Span]) -> FakeFollower:
        self.followers.append(FakeFollower(self, {place: start for place, (start, _) in spans.items()}))
        return self.followers[-1]

    def ends(self, topic: str, partitions: int) -> dict[int, int]:
        return {**dict.fromkeys(range(partitions), 0), 0: len(self.topics.get(topic, []))}


@dataclass
class FakeJobs:
    started: list[Query] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    refusal: str | None = None
    stuck: bool = False
    ended: Callable[[str], None] = lambda _: None

    def check(self) -> None:
        return None

    def start(self, query: Query) -> None:
        if self.refusal is not None:
            raise FlinkRefusal(self.refusal)
        self.started.append(query)

    def stop(self, query: Query) -> None:
        self.stopped.append(query.id)
        if not self.stuck:
            self.ended(query.job_id)

    def pause(self, query_id: str) -> None:
        self.paused.append(query_id)

    def resume(self, query_id: str) -> None:
        self.paused.remove(query_id)
        self.resumed.append(query_id)

    def replace(self, query: Query) -> Query:
        self.replaced.append(query.id)
        return replace(query, job_id="next", checkpoint="file:///kept")

    def states(self) -> dict[str, str]:
        return {query.id: "PAUSED" if query.id in self.paused else "RUNNING" for query in self.started}


@dataclass
class FakeWorker:
    """The worker, as far as a push query needs it; it runs real plans in the one that all tests share."""

    real: Worker = field(default_factory=shared)
    sessions: set[int] = field(default_factory=set)
    calls: dict[str, Callable[..., dict[str, Any]]] = field(default_factory=dict)  # what is done instead

    def call(self, op: str, timeout: float = 60.0, **members: Any) -> dict[str, Any]:
        answer = self.calls[op](**members) if op in self.calls else self.real.call(op, timeout, **members)
        if op == "run.open":
            self.sessions.add(answer["session"])
        if op == "run.close":
            self.sessions.discard(members["session"])
        return answer


@dataclass
class FakeConnect:
    """Kafka Connect as answers by method and path; an int is an error status."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        self.sent.append((method, path, body))
        answer = self.answers.get(f"{method} {path}")
        if isinstance(answer, int):
            raise HttpError("Kafka Connect", answer, "trouble")
        return answer


@dataclass
class Stage:
    """A server without its services: what statements answer, and what they left behind."""

    topics: FakeTopics = field(default_factory=FakeTopics)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(":memory:"))
    records: FakeRecords = field(default_factory=FakeRecords)
    connect: Any = field(default_factory=NoConnect)
    evaluator: Worker = field(default_factory=shared)

    def __post_init__(self) -> None:
        builder = JobBuilder(Services("kafka:9092", "http://registry"), {"x": "y"}, 60_000)
        self.jobs.ended = self.catalogue.remove_stopping
        self.topics.records = self.records
        self.world = World(self.catalogue, self.topics, self.registry, self.records, self.evaluator)
        properties = ServerProperties("http://registry").listed()
        self.worker = FakeWorker()
        self.queries = QueryService(self.world, Runner(self.worker, "http://registry"))
        self.requests = RequestHandler(
            Executor(self.world, self.jobs, lambda: builder, properties, self.connect, self.queries)
        )

    def run(self, text: str, **properties: Any) -> list[dict[str, Any]]:
        return self.requests.run(text, properties, None)

    def select(self, text: str, **properties: Any) -> tuple[Header, list[list[Any]]]:
        """The header and all rows of a query."""
        statement = self.queries.prepare(text, {}, with_cause=False)
        assert isinstance(statement, SelectStatement)
        results = self.queries.run(statement, properties)
        rows = [json.loads(row.text) for row in results.rows() if row is not None]
        results.close()
        return results.header, rows

    def written(self, topic: str) -> list[tuple[bytes | None, bytes | None, int]]:
        return [(r.key, r.value, r.timestamp) for r in self.records.topics.get(topic, [])]

    def avro(self, topic: str, fields: list[dict[str, Any]], partitions: int = 1) -> None:
        schema = {"type": "record", "name": "R", "namespace": "shop", "fields": fields}
        self.topics.add(topic, partitions)
        self.registry.register(f"{topic}-value", json.dumps(schema))


@dataclass
class Backend:
    """What the REST API serves, over a stage."""

    stage: Stage
    flink: bool = True

    @property
    def queries(self) -> QueryService:
        return self.stage.queries

    def run(self, text: str, properties: dict[str, Any], sequence: int | None, variables: Any) -> Any:
        if text == "BUG;":
            raise RuntimeError("oops")
        return self.stage.requests.run(text, properties, sequence, variables)

    def cluster_id(self) -> str:
        return "MkU3OEVBNTcwNTJENDM2Qg"

    def health(self) -> Mapping[str, bool]:
        return {"metastore": True, "kafka": True, "commandRunner": self.flink}

    def command(self, command_id: str) -> tuple[str, str | None] | None:
        return self.stage.catalogue.command(command_id)

    def command_ids(self) -> list[str]:
        return self.stage.catalogue.command_ids()


NULLABLE_STRING = ["null", "string"]
TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}
ITEM = {
    "type": "record",
    "name": "Item",
    "fields": [{"name": "sku", "type": "string"}, {"name": "qty", "type": "int"}],
}
ORDER_FIELDS: list[dict[str, Any]] = [
    {"name": "order_id", "type": NULLABLE_STRING},
    {"name": "store_id", "type": "int"},
    {"name": "order_total", "type": "double"},
    {"name": "ordered_at", "type": TIMESTAMP},
    {"name": "items", "type": {"type": "array", "items": ITEM}},
]
PAYMENT_FIELDS: list[dict[str, Any]] = [
    {"name": "payment_id", "type": "string"},
    {"name": "order_id", "type": NULLABLE_STRING},
    {"name": "payment_amount", "type": "double"},
    {"name": "method", "type": NULLABLE_STRING},
]


def shop() -> Stage:
    """The stage of the recordings: topics orders and payments with their schemas, and empty topics."""
    stage = Stage()
    stage.avro("orders", ORDER_FIELDS)
    stage.avro("payments", PAYMENT_FIELDS)
    for name in ("plain", "one_part"):
        stage.topics.add(name)
    return stage


def joined_shop() -> Stage:
    """The stage with the streams ORDERS and PAYMENTS on it."""
    stage = shop()
    stage.run("CREATE STREAM orders WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='AVRO');")
    stage.run(
        "CREATE STREAM payments (pay_key VARCHAR KEY) WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='AVRO');"
    )
    return stage


def exchanges(name: str) -> list[dict[str, Any]]:
    """The recorded exchanges of a file; skips the test where the recordings are not at hand."""
    path = RECORDINGS / "rest" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the recording {name} is not at hand")
    recording = json.loads(path.read_text())
    return list(recording.get("exchanges", [recording]))


def topics_shop() -> Stage:
    """The stage of the own recordings, with the streams and tables that their story begins with."""
    stage, story = Stage(), load_story(OWN_STORY)
    stage.topics.records = stage.records
    for topic in story.topics:
        retention = int(topic.config.get("retention.ms", -1))
        stage.topics.topics[topic.name] = Topic(topic.name, topic.partitions, 1, retention)
    for step in story.steps:
        for statement in step.statements:
            stage.run(statement)
    return stage


def masked(value: Any) -> Any:
    """The body with what differs from run to run replaced."""
    if isinstance(value, dict):
        return {key: "#" if key == "commandSequenceNumber" else masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        value = re.sub(r"\btransient_\w+_\d+\b", "transient_#", value)
        value = re.sub(r"\bINSERTQUERY_\d+\b", "INSERTQUERY_#", value)
        return re.sub(r"\b(C[ST]AS_\w+?)_\d+\b", r"\1_#", value)
    return value


def plan_of(stage: Stage) -> dict[str, Any]:
    """The plan of the query that was started last, as the Flink functions are given it."""
    found = re.search(r"'(\{\"registry\".*\})'", stage.jobs.started[-1].job.insert)
    assert found is not None
    plan: dict[str, Any] = json.loads(found[1].replace("''", "'"))
    return plan
