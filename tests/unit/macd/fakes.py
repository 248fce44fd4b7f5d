"""A broker and a database in memory, for code that takes its clients as arguments."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bson import Decimal128
from confluent_kafka import KafkaError, TopicPartition
from hypothesis import HealthCheck, settings, strategies
from pymongo.errors import DuplicateKeyError

from macd.clients.offsets import Extent
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run, Sale
from macd.quality.documents import dollars
from macd.specs.endpoints import KafkaService

# Time limits for one example say more about what else the machine is doing than about the code.
settings.register_profile(
    "unhurried", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")

KAFKA = KafkaService(config={"bootstrap.servers": "broker.test:9092"})
AS_OF = 1_784_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FakeMessage(NamedTuple):
    where: tuple[str, int]
    record_key: bytes | None = None
    record_value: bytes | None = None
    time: int = 0
    record_headers: list[tuple[str, bytes]] | None = None
    failure: KafkaError | None = None
    at: int = 0

    def topic(self) -> str:
        return self.where[0]

    def partition(self) -> int:
        return self.where[1]

    def key(self) -> bytes | None:
        return self.record_key

    def value(self) -> bytes | None:
        return self.record_value

    def headers(self) -> list[tuple[str, bytes]] | None:
        return self.record_headers

    def error(self) -> KafkaError | None:
        return self.failure

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return (1, self.time)


class FakeBroker:
    """Two partitions a topic, or more; reading begins where a consumer is assigned.

    `begins`: what lies before was deleted. `open_since`: from there on a transaction is still open.
    """

    def __init__(self) -> None:
        self.partitions: dict[tuple[str, int], list[FakeMessage | None]] = defaultdict(list)
        self.begins: dict[tuple[str, int], int] = {}
        self.open_since: dict[tuple[str, int], int] = {}

    def append(self, topic: str, key: bytes, value: bytes = b"", time: int = 0, headers: Any = None) -> None:
        self.append_to((topic, zlib.crc32(key) % 2), key, value, time, headers)

    def append_to(
        self, where: tuple[str, int], key: bytes, value: bytes = b"", time: int = 0, headers: Any = None
    ) -> None:
        at = len(self.partitions[where])
        self.partitions[where].append(FakeMessage(where, key, value, time, headers, at=at))

    def mark(self, where: tuple[str, int]) -> None:
        """What ends a transaction takes an offset, and no reader gets to see it."""
        self.partitions[where].append(None)

    def of(self, topic: str) -> list[FakeMessage]:
        logs = (log for (name, _), log in self.partitions.items() if name == topic)
        return [message for log in logs for message in log if message]

    def extent(self, where: tuple[str, int]) -> Extent:
        end = len(self.partitions[where])
        return Extent(self.begins.get(where, 0), min(end, self.open_since.get(where, end)), end)


class FakeConsumer:
    """Gives out small batches, and an end-of-partition event whenever a partition's end is reached."""

    def __init__(self, broker: FakeBroker, batch: int = 7, uncommitted: bool = False) -> None:
        self.broker, self.batch, self.uncommitted = broker, batch, uncommitted
        self.positions: dict[tuple[str, int], int] = {}
        self.told: set[tuple[str, int]] = set()
        self.paused: set[tuple[str, int]] = set()
        self.closed = False

    def extents(self, topics: Collection[str]) -> dict[tuple[str, int], Extent]:
        usual = {(topic, partition) for topic in topics for partition in (0, 1)}
        places = usual | {where for where in self.broker.partitions if where[0] in topics}
        return {where: self.broker.extent(where) for where in sorted(places)}

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.positions = {(at.topic, at.partition): at.offset for at in partitions}
        self.told.clear()

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {(at.topic, at.partition) for at in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {(at.topic, at.partition) for at in partitions}

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[FakeMessage]:
        return [event for where in self.positions if where not in self.paused for event in self._next(where)]

    def _next(self, where: tuple[str, int]) -> list[FakeMessage]:
        extent = self.broker.extent(where)
        # As auto.offset.reset=earliest has it.
        position = max(self.positions[where], extent.begin)
        end = extent.end if self.uncommitted else extent.stable_end
        found = self.broker.partitions[where][position : min(position + self.batch, end)]
        self.positions[where] = position + len(found)
        if found:
            self.told.discard(where)
        elif where not in self.told:
            self.told.add(where)
            return [FakeMessage(where, failure=KafkaError(KafkaError._PARTITION_EOF), at=position)]
        return [message for message in found if message]

    def close(self) -> None:
        self.closed = True


class FakeProducer:
    """Delivers on poll; `fate` says for the nth message whether it fails, and how."""

    def __init__(
        self,
        broker: FakeBroker,
        capacity: int = 10,
        fate: Callable[[int], int | None] = lambda _: None,
    ) -> None:
        self.broker, self.capacity, self.fate = broker, capacity, fate
        self.queue: list[tuple[str, dict[str, Any]]] = []
        self.handled = 0

    def produce(self, topic: str, **message: Any) -> None:
        if len(self.queue) >= self.capacity:
            raise BufferError
        self.queue.append((topic, message))

    def poll(self, timeout: float) -> int:
        queue, self.queue = self.queue, []
        for topic, message in queue:
            code = self.fate(self.handled)
            self.handled += 1
            if code is not None:
                message["callback"](KafkaError(code), None)
                continue
            self.broker.append(
                topic, message["key"].encode(), message["value"], message["timestamp"], message["headers"]
            )
            message["callback"](None, None)
        return len(queue)

    def purge(self, in_queue: bool = True, in_flight: bool = True) -> None:
        queue, self.queue = self.queue, []
        for _, message in queue:
            message["callback"](KafkaError(KafkaError._PURGE_QUEUE), None)

    def __len__(self) -> int:
        return len(self.queue)


class FakeCursor(list[dict[str, Any]]):
    def sort(self, field: str, direction: int) -> FakeCursor:
        return FakeCursor(sorted(self, key=lambda found: found[field], reverse=direction < 0))

    def limit(self, count: int) -> FakeCursor:
        return FakeCursor(self[:count])


class FakeCollection:
    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.queries = 0

    def find(self, query: dict[str, Any] | None = None, projection: Any = None) -> FakeCursor:
        self.queries += 1
        if query is None:
            return FakeCursor(self.documents.values())
        return FakeCursor(self.documents[each] for each in query["_id"]["$in"] if each in self.documents)

    def find_one(self, query: dict[str, Any]) -> dict[str, Any] | None:
        return self.documents.get(query["_id"])

    def insert_one(self, document: dict[str, Any]) -> None:
        if document["_id"] in self.documents:
            raise DuplicateKeyError("E11000")
        self.documents[document["_id"]] = document

    def replace_one(self, query: dict[str, Any], document: dict[str, Any], upsert: bool) -> None:
        assert upsert
        self.documents[query["_id"]] = document


class FakeDatabase(defaultdict[str, FakeCollection]):
    def __init__(self) -> None:
        super().__init__(FakeCollection)


def document_of(sale: Sale) -> dict[str, Any]:
    """The document that the sink writes for a paid sale."""
    order, payment = sale.order, sale.payment
    assert payment is not None
    return {
        "_id": order.order_id,
        "order_id": order.order_id,
        "customer_id": order.customer_id,
        "order_total": Decimal128(dollars(order.total_cents)),
        "order_items": [
            {
                "item_name": item.item_name,
                "quantity": item.quantity,
                "price": Decimal128(dollars(item.price_cents)),
            }
            for item in order.items
        ],
        "order_time": EPOCH + timedelta(milliseconds=order.order_time),
        "payment_id": payment.payment_id,
        "payment_amount": Decimal128(dollars(payment.amount_cents)),
        "payment_method": payment.payment_method,
        "payment_time": EPOCH + timedelta(milliseconds=payment.payment_time),
    }


def mismatch_of(sale: Sale) -> dict[str, Any]:
    """The document that the sink of mismatches writes for a sale that was paid with another amount."""
    assert sale.payment is not None
    fields = {name: value for name, value in document_of(sale).items() if name != "order_items"}
    return {**fields, "difference": Decimal128(dollars(sale.payment.amount_cents - sale.order.total_cents))}


@strategies.composite
def seed_parameters(draw: strategies.DrawFn, most_orders: int = 80) -> SeedParameters:
    """Any valid parameters for a small run."""
    cuts = sorted(draw(strategies.tuples(*[strategies.integers(0, 1000)] * 3)))
    return SeedParameters(
        orders=draw(strategies.integers(1, most_orders)),
        seed=draw(strategies.integers(0, 5)),
        unpaid_share=cuts[0] / 1000,
        mismatch_share=(cuts[1] - cuts[0]) / 1000,
        outside_window_share=(cuts[2] - cuts[1]) / 1000,
        duplicate_share=draw(strategies.integers(0, 1000)) / 1000,
    )


def runs(most_orders: int = 80) -> strategies.SearchStrategy[Run]:
    """Any small run."""
    ids = strategies.sampled_from(["manual__2026-01-01T00:00:00+00:00", "r", "Lauf ä 7"])
    return strategies.builds(Run, ids, seed_parameters(most_orders), strategies.just(AS_OF))
