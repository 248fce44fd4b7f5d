"""Faults on the joined topic: what a join gives that runs twice, or that is another one than was declared."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from macd.clients.records import Record
from macd.clients.registry import SchemaRegistry
from macd.producer.sales import Kind
from macd.quality.watch import REPLAY_HEADER
from tests.faults.avro import altered
from tests.faults.documents import beyond, unordered
from tests.faults.expected import Expected, off, unstored
from tests.faults.fault import JOINABLE, Fault, LastingFault


class _OnJoinedTopic(Fault):
    @property
    def topic(self) -> str:
        return self.stage.route.joined_topic

    @cached_property
    def records(self) -> list[Record]:
        run = self.stage.manifest(self.run.run_id)
        return [
            record
            for record in self.stage.records(run, self.topic)
            if self.run.order_ids.number(record.key()) is not None
        ]

    def send_like(self, record: Record, key: str, value: bytes, **more: Any) -> None:
        self.stage.send(self.topic, key, value, record.timestamp()[1], **more)

    def pair_without_payment(self, key: str) -> bytes:
        """What a LEFT JOIN would give. No payment method either, so that it counts in no hour."""
        schema = SchemaRegistry(self.stage.services.schema_registry).latest(f"{self.topic}-value")
        assert schema is not None
        payment = dict.fromkeys(("payment_id", "payment_amount", "payment_method", "payment_time"))
        return altered(schema.definition, self.records[0].value(), order_id=key, **payment)

    def stored(self, key: str) -> bool:
        return self.stage.documents.find_one({"_id": key}) is not None


class PairTwice(LastingFault, _OnJoinedTopic):
    """a joined record is there once more"""

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE)

    def inject(self) -> None:
        key = self.chosen.order.order_id
        record = next(each for each in self.records if each.key() == key.encode())
        self.send_like(record, key, record.value())

    def arrived(self) -> bool:
        return self.watched(lambda watch: watch.joined[self.chosen.number] == self.chosen.pairs + 1)

    @property
    def expected(self) -> Expected:
        return joined_more(self.chosen.order.order_id, self.chosen.pairs, self.chosen.pairs + 1)


class UnwantedPair(LastingFault, _OnJoinedTopic):
    """an order that is unpaid or was paid too late is joined"""

    def choose(self) -> None:
        self.chosen = self.sale(Kind.UNPAID, Kind.OUTSIDE_WINDOW)

    def inject(self) -> None:
        key = self.chosen.order.order_id
        self.send_like(self.records[0], key, self.pair_without_payment(key))

    def arrived(self) -> bool:
        return self.stored(self.chosen.order.order_id)

    @property
    def expected(self) -> Expected:
        places = (self.topic, self.stage.route.collection)
        entry = ("unexpected", self.chosen.order.order_id, self.chosen.kind.value, *places)
        return off("no_unexpected_orders", entry, orders_unexpected=1)


class PairBeyondSize(LastingFault, _OnJoinedTopic):
    """an order is joined that the run would have had if it were larger"""

    def choose(self) -> None:
        self.key = beyond(self.run.order_ids, self.draw.randrange(1_000))

    def inject(self) -> None:
        self.send_like(self.records[0], self.key, self.pair_without_payment(self.key))

    def arrived(self) -> bool:
        return self.stored(self.key)

    def undo(self) -> None:
        # The pair stays; the document is none of those that are deleted with the run.
        self.stage.documents.delete_one({"_id": self.key})

    @property
    def expected(self) -> Expected:
        entry = ("unordered", self.key, self.topic)
        return unordered(self.key) | off("no_unordered_pairs", entry, pairs_unordered=1)


class DeadLetter(LastingFault, _OnJoinedTopic):
    """a lost document's record is written again, broken: the sink cannot store it"""

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE)
        self.key = self.chosen.order.order_id

    def inject(self) -> None:
        self.stage.documents.delete_one({"_id": self.key})
        record = next(each for each in self.records if each.key() == self.key.encode())
        # As a repair writes it, so it is no further pair.
        self.send_like(record, self.key, record.value()[:9], headers=[(REPLAY_HEADER, b"1")])

    def arrived(self) -> bool:
        return self.watched(lambda watch: self.chosen.number in watch.dead_letters)

    @property
    def expected(self) -> Expected:
        return unstored(self.chosen) | off(
            "no_dead_letters", ("dead_lettered", self.key), orders_dead_lettered=1
        )


def joined_more(order_id: str, pairs: int, joined: int) -> Expected:
    """An order is joined more often than its payment was sent."""
    entry = ("duplicate", order_id, str(pairs), str(joined))
    return off("no_duplicate_pairs", entry, orders_duplicate=1, pairs_joined=joined - pairs)
