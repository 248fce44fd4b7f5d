"""How fast ksqlflink joins orders with payments, and beside a ksqlDB server where one is named, in one run.

    python benchmarks/join.py [--pairs 200000] [--ksqldb-url URL]

Makes topics, subjects and streams of its own on the target's services, fills them, and then deploys the
pipeline's join on each server in turn. Time counts from the statement to the row, as a reader with
isolation.level=read_committed sees it. Memory is the resident set of the task manager at the end; of another
server it is not known. Everything is removed at the end.
"""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from confluent_kafka import Consumer, TopicPartition
from producer import plain

from macd.clients.kafka import KafkaAdmin, TopicState, client_config
from macd.clients.ksqldb import KsqlDb
from macd.clients.registry import SchemaRegistry
from macd.local.config import LocalConfig
from macd.local.supervisor import Supervisor
from macd.pipeline import Pipeline
from macd.producer.route import Route, route_of
from macd.settings import Settings
from macd.specs import HttpService, Services

PARTITIONS = 2
QUIET_S = 120.0
SOURCE = """CREATE STREAM {name} WITH (KAFKA_TOPIC='{topic}', VALUE_FORMAT='AVRO', TIMESTAMP='{time}');"""
JOIN = """CREATE STREAM {name}_joined WITH (KAFKA_TOPIC='{topic}', VALUE_FORMAT='AVRO') AS
    SELECT o.order_id AS `order_id`, o.customer_id, o.order_total, o.order_items, o.order_time,
        p.payment_id, p.payment_amount, p.payment_method, p.payment_time
    FROM {name}_orders o
    INNER JOIN {name}_payments p WITHIN 24 HOURS GRACE PERIOD 24 HOURS ON o.order_id = p.order_id
    EMIT CHANGES;"""


@dataclass(frozen=True)
class Outcome:
    """Seconds from the statement on, and megabytes."""

    pairs: int
    first: float
    total: float
    memory: float | None

    @property
    def rate(self) -> float:
        """Rows a second, the start included."""
        return self.pairs / self.total


def main() -> None:
    """Prints one line a server, and the ratio."""
    arguments = _arguments()
    pipeline = Pipeline.load(Settings())
    name = f"bench{uuid.uuid4().hex[:6]}"
    base = route_of(pipeline.spec)
    route = base._replace(orders_topic=f"{name}.orders", payments_topic=f"{name}.payments")
    servers = {"ksqlflink": pipeline.services.ksqldb}
    if arguments.ksqldb_url:
        servers["ksqlDB"] = HttpService(url=arguments.ksqldb_url)
    with _data(pipeline.services, route, arguments.pairs):
        outcomes = {
            label: _measure(label, service, pipeline.services, route, f"{name}{number}", arguments.pairs)
            for number, (label, service) in enumerate(servers.items())
        }
    if len(outcomes) > 1:
        ratio = outcomes["ksqlflink"].rate / outcomes["ksqlDB"].rate
        print(f"ksqlflink / ksqlDB = {ratio:.1f} in rows a second")


@contextmanager
def _data(services: Services, route: Route, pairs: int) -> Iterator[None]:
    """Topics with that many orders and payments, in an order of arrival that is not the order of time."""
    admin, registry = KafkaAdmin(services.kafka), SchemaRegistry(services.schema_registry)
    schemas = {route.orders_topic: route.order_schema, route.payments_topic: route.payment_schema}
    for topic in schemas:
        admin.create(TopicState(topic, PARTITIONS, 1, {}))
    ids = {topic: registry.register(f"{topic}-value", schema) for topic, schema in schemas.items()}
    try:
        began = time.perf_counter()
        plain(services.kafka, route, pairs, ids)
        print(f"{2 * pairs:,} records sent in {time.perf_counter() - began:.0f} s")
        yield
    finally:
        for topic in schemas:
            admin.delete(topic)
            registry.delete(f"{topic}-value")


def _measure(
    label: str, service: HttpService, services: Services, route: Route, name: str, pairs: int
) -> Outcome:
    server, topic = KsqlDb(service), f"{name}.joined"
    server.execute(SOURCE.format(name=f"{name}_orders", topic=route.orders_topic, time="ORDER_TIME"))
    server.execute(SOURCE.format(name=f"{name}_payments", topic=route.payments_topic, time="PAYMENT_TIME"))
    began = time.perf_counter()
    server.execute(JOIN.format(name=name, topic=topic))
    try:
        first, total, found = _watch(services, topic, pairs, began)
        outcome = Outcome(found, first, total, _memory() if label == "ksqlflink" else None)
    finally:
        for each in (f"DROP STREAM {name}_joined DELETE TOPIC", *_drops(name)):
            server.execute(f"{each};")
    memory = "" if outcome.memory is None else f"  task manager {outcome.memory:,.0f} MB"
    print(
        f"{label:<10} {outcome.pairs:>9,} of {pairs:,} pairs  first after {outcome.first:>5.1f} s  all after "
        f"{outcome.total:>6.1f} s  {outcome.rate:>8,.0f} rows/s{memory}"
    )
    return outcome


def _drops(name: str) -> tuple[str, str]:
    return f"DROP STREAM {name}_orders", f"DROP STREAM {name}_payments"


def _watch(services: Services, topic: str, pairs: int, began: float) -> tuple[float, float, int]:
    reader = Consumer(
        {**client_config(services.kafka), "group.id": topic, "isolation.level": "read_committed"}
        | {"enable.auto.commit": False}
    )
    reader.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found, first, last = 0, 0.0, time.perf_counter()
    while found < pairs and time.perf_counter() - last < QUIET_S:
        rows = [row for row in reader.consume(10_000, 0.2) if row.error() is None]
        if rows:
            last = time.perf_counter()
            first = first or last - began
            found += len(rows)
    reader.close()
    return first, last - began, found


def _memory() -> float | None:
    """Resident megabytes of the local task manager; None when it is none of this machine."""
    state = Supervisor(LocalConfig.load()).states().get("flink-taskmanager")
    return psutil.Process(state.pid).memory_info().rss / 1e6 if state and state.pid else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--ksqldb-url", default="", help="a ksqlDB server on the same Kafka and registry")
    return parser.parse_args()


if __name__ == "__main__":
    main()
