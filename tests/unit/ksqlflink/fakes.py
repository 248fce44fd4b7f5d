"""Kafka, registry and query engine in memory, and the recordings of a real ksqlDB server."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ksqlflink.catalogue import Catalogue
from ksqlflink.create_query import JobBuilder
from ksqlflink.executor import Executor
from ksqlflink.gateway import FlinkRefusal
from ksqlflink.kafka import Topic
from ksqlflink.model import Query
from ksqlflink.requests import RequestHandler
from ksqlflink.translate import Services
from ksqlflink.world import World

RECORDINGS = Path(__file__).parents[4] / "shared" / "ksqldb"


@dataclass
class FakeTopics:
    topics: dict[str, Topic] = field(default_factory=dict)

    def add(self, name: str, partitions: int = 1) -> None:
        self.topics[name] = Topic(name, partitions, 1)

    def find(self, name: str) -> Topic | None:
        return self.topics.get(name)

    def create(self, topic: Topic) -> None:
        self.topics[topic.name] = topic

    def delete(self, name: str) -> None:
        del self.topics[name]

    def replicas(self) -> dict[str, list[int]]:
        return {name: [topic.replicas] * topic.partitions for name, topic in sorted(self.topics.items())}

    def end_offsets(self, name: str) -> dict[int, int]:
        return {number: 10 + number for number in range(self.topics[name].partitions)}


@dataclass
class FakeRegistry:
    subjects: dict[str, str] = field(default_factory=dict)

    def latest(self, subject: str) -> str | None:
        return self.subjects.get(subject)

    def register(self, subject: str, schema: str) -> None:
        self.subjects[subject] = schema

    def delete(self, subject: str) -> None:
        self.subjects.pop(subject, None)


@dataclass
class FakeJobs:
    started: list[Query] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    refusal: str | None = None

    def check(self) -> None:
        return None

    def start(self, query: Query) -> None:
        if self.refusal is not None:
            raise FlinkRefusal(self.refusal)
        self.started.append(query)

    def stop(self, query: Query) -> None:
        self.stopped.append(query.id)

    def states(self) -> dict[str, str]:
        return {query.id: "RUNNING" for query in self.started}


@dataclass
class Stage:
    """A server without its services: what statements answer, and what they left behind."""

    topics: FakeTopics = field(default_factory=FakeTopics)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(":memory:"))

    def __post_init__(self) -> None:
        builder = JobBuilder(Services("kafka:9092", "http://registry"), {"x": "y"}, 60_000)
        world = World(self.catalogue, self.topics, self.registry)
        self.requests = RequestHandler(
            Executor(world, self.jobs, lambda: builder, {"ksql.service.id": "default_"})
        )

    def run(self, text: str, **properties: Any) -> list[dict[str, Any]]:
        return self.requests.run(text, properties, None)

    def avro(self, topic: str, fields: list[dict[str, Any]], partitions: int = 1) -> None:
        schema = {"type": "record", "name": "R", "namespace": "shop", "fields": fields}
        self.topics.add(topic, partitions)
        self.registry.register(f"{topic}-value", json.dumps(schema))


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


def masked(value: Any) -> Any:
    """The body with what differs from run to run replaced."""
    if isinstance(value, dict):
        return {key: "#" if key == "commandSequenceNumber" else masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"\b(CSAS_\w+?)_\d+\b", r"\1_#", value)
    return value
