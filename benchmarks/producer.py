# ruff: noqa: S311 - made-up records need no cryptography
"""How fast the producer is beside a plain fastavro + librdkafka loop on the same broker, in one run.

    python benchmarks/producer.py [--orders 50000] [--rounds 3]

Three sides send as many orders and payments, with idempotence and acks=all, to topics made for the purpose
and deleted afterwards. `plain loop` makes up random records and sends them; it keeps no account and could not
be repeated. `prepared` sends the same thousand finished records over and over. `producer` is ours: it derives
each record from the run, books every acknowledgement and sends headers. Rounds alternate; the best of each
side counts, because other work on the machine only ever makes a round slower.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

import fastavro
from confluent_kafka import Producer

from macd.clients.kafka import KafkaAdmin, TopicState, client_config
from macd.producer.delivery import Delivery
from macd.producer.encoding import order_encoder, payment_encoder
from macd.producer.manifest import Manifest, counts_of
from macd.producer.menu import MENU
from macd.producer.parameters import SeedParameters, plan_of
from macd.producer.resume import Present
from macd.producer.route import Route, route_of
from macd.producer.sales import METHODS
from macd.producer.seed import Encoders, produce
from macd.settings import Settings
from macd.specs import KafkaService, load_pipeline, resolve_services

PARTITIONS = 2
Value = dict[str, Any]
Side = Callable[[KafkaService, Route, int], None]


def main() -> None:
    """Prints messages a second of each side, and the producer's ratio to it."""
    arguments = _arguments()
    settings = Settings()
    pipeline = load_pipeline(settings.include_dir, settings.target)
    kafka = resolve_services(pipeline.target, os.environ).kafka
    name = f"benchmark.{uuid.uuid4().hex[:8]}"
    route = route_of(pipeline)._replace(orders_topic=f"{name}.orders", payments_topic=f"{name}.payments")
    admin = KafkaAdmin(kafka)
    for topic in route.sources:
        admin.create(TopicState(topic, PARTITIONS, 1, {}))
    try:
        _compare(kafka, route, arguments.orders, arguments.rounds)
    finally:
        for topic in route.sources:
            admin.delete(topic)


def _compare(kafka: KafkaService, route: Route, orders: int, rounds: int) -> None:
    sides: dict[str, Side] = {"plain loop": plain, "prepared": prepared, "producer": ours}
    best = dict.fromkeys(sides, 0.0)
    for turn in range(rounds):
        for side, run in sides.items():
            began, worked = time.perf_counter(), time.process_time()
            run(kafka, route, orders)
            rate = 2 * orders / (time.perf_counter() - began)
            cpu = (time.process_time() - worked) / (2 * orders)
            best[side] = max(best[side], rate)
            print(
                f"round {turn + 1}  {side:<10}  {rate:>9,.0f} messages/s  {cpu * 1e6:>5.0f} us CPU a message"
            )
    for side, rate in best.items():
        ratio = best["producer"] / rate
        print(f"best     {side:<10}  {rate:>9,.0f} messages/s  producer / {side} = {ratio:.2f}")


def ours(kafka: KafkaService, route: Route, orders: int) -> None:
    """One run of the producer, without registry and manifest store."""
    parameters = SeedParameters(orders=orders)
    now = datetime.now(UTC)
    manifest = Manifest(
        run_id=uuid.uuid4().hex,
        parameters=parameters,
        as_of=int(now.timestamp() * 1000),
        started_at=now,
        counts=counts_of(plan_of(parameters)),
        start_offsets=(),
    )
    encoders = Encoders(order_encoder(1, route.order_schema), payment_encoder(2, route.payment_schema))
    present = Present(bytearray(orders), bytearray(orders))
    produce(manifest, route, present, encoders, Delivery(kafka), lambda _: None)


def plain(kafka: KafkaService, route: Route, orders: int, ids: Mapping[str, int] | None = None) -> None:
    """The loop that one would write first; `ids` are schema ids by topic, if anybody is to read it."""
    _loop(kafka, route, (_sale() for _ in range(orders)), ids)


def prepared(kafka: KafkaService, route: Route, orders: int) -> None:
    """The same loop without the making of records."""
    _loop(kafka, route, islice(cycle([_sale() for _ in range(1000)]), orders))


def _loop(
    kafka: KafkaService,
    route: Route,
    sales: Iterable[tuple[Value, Value]],
    ids: Mapping[str, int] | None = None,
) -> None:
    producer = Producer(
        {**client_config(kafka), "enable.idempotence": True, "acks": "all", "linger.ms": 50, "log_level": 0}
    )
    order_schema = fastavro.parse_schema(route.order_schema)
    payment_schema = fastavro.parse_schema(route.payment_schema)
    ids = ids or {route.orders_topic: 1, route.payments_topic: 2}
    order_id, payment_id = ids[route.orders_topic], ids[route.payments_topic]
    for order, payment in sales:
        _send(producer, route.orders_topic, order["order_id"], order_id, order_schema, order)
        _send(producer, route.payments_topic, payment["payment_id"], payment_id, payment_schema, payment)
    producer.flush(60)


def _send(producer: Producer, topic: str, key: str, schema_id: int, schema: Any, record: Any) -> None:
    buffer = io.BytesIO()
    buffer.write(struct.pack(">bI", 0, schema_id))
    fastavro.schemaless_writer(buffer, schema, record)
    while True:
        try:
            producer.produce(topic, key=key, value=buffer.getvalue())
            break
        except BufferError:
            producer.poll(0.1)
    producer.poll(0)


def _sale() -> tuple[Value, Value]:
    order = _order()
    return order, _payment(order)


def _order() -> Value:
    items: list[Value] = [
        {"item_name": dish.name, "quantity": random.randint(1, 3), "price": Decimal(dish.price_cents) / 100}
        for dish in random.sample(MENU, random.randint(1, 4))
    ]
    return {
        "order_id": str(uuid.uuid4()),
        "customer_id": f"cust_{random.randint(10_000, 99_999)}",
        "order_total": sum(item["quantity"] * item["price"] for item in items),
        "order_items": items,
        "order_time": int(time.time() * 1000) - random.randint(300_000, 86_400_000),
    }


def _payment(order: Value) -> Value:
    return {
        "payment_id": str(uuid.uuid4()),
        "order_id": order["order_id"],
        "payment_amount": order["order_total"],
        "payment_method": random.choice(METHODS),
        "payment_time": order["order_time"] + random.randint(0, 300_000),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
