"""Faults between the producer and its topics: messages arrive, with something else in them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bson import Decimal128

from macd.producer.sales import Kind
from macd.quality.report import Hop
from tests.faults.avro import altered, decoded
from tests.faults.expected import Expected, off, unjoined
from tests.faults.production import Message, OfPayment


class _Tampered(OfPayment):
    """Something else is written."""

    topic_schema = "payment_schema"

    def written(self, message: Message) -> Message:
        schema, value = getattr(self.stage.route, self.topic_schema), message["value"]
        changed, timestamp = self.changed(decoded(schema, value)), message["timestamp"]
        if "payment_time" in changed:
            timestamp = round(changed["payment_time"].timestamp() * 1000)
        return {**message, "value": altered(schema, value, **changed), "timestamp": timestamp}

    def changed(self, record: Message) -> Message:
        """The fields that are written with another value."""
        raise NotImplementedError


class _Unjoinable(_Tampered):
    """Both are on their topics, and the join gives nothing."""

    @property
    def expected(self) -> Expected:
        return unjoined(self.chosen, Hop.NOT_JOINED, self.stage.route.joined_topic)


class PaymentOutsideWindow(_Unjoinable):
    """a payment's time lies outside the join's window"""

    def changed(self, record: Message) -> Message:
        return {"payment_time": record["payment_time"] - timedelta(hours=self.draw.randint(25, 40))}


class PaymentOfNoOrder(_Unjoinable):
    """a payment names an order that does not exist"""

    def changed(self, record: Message) -> Message:
        return {"order_id": str(uuid.UUID(int=self.draw.getrandbits(128), version=4))}


class _AlteredOnTheWay(_Tampered):
    """Undone in the collections: sent once more it would be joined once more."""

    field: str

    def undo(self) -> None:
        right = {"_id": self.chosen.order.order_id}, {"$set": {self.field: self.before}}
        assert self.stage.documents.update_one(*right).modified_count == 1

    def changed(self, record: Message) -> Message:
        self.before = record[self.field]
        return {self.field: self.other(record[self.field])}

    def other(self, value: Any) -> Any:
        """The value that is written instead."""
        raise NotImplementedError

    @property
    def pairs_lost(self) -> int:
        return 0

    @property
    def expected(self) -> Expected:
        entry = ("altered", self.chosen.order.order_id, self.field)
        return off("no_altered_orders", entry, orders_altered=1)


class OrderAltered(_AlteredOnTheWay):
    """an order is written with another customer"""

    field = "customer_id"
    topic_schema = "order_schema"

    def choose(self) -> None:
        self.chosen = self.sale(Kind.PAID)

    @property
    def key(self) -> str:
        return self.chosen.order.order_id

    def other(self, value: str) -> str:
        return f"{value}0"


class PaymentAltered(_AlteredOnTheWay):
    """a payment is written with another amount"""

    field = "payment_amount"

    def choose(self) -> None:
        self.chosen = self.sale(Kind.PAID, also=lambda sale: sale.copies == 1)

    def other(self, value: Decimal) -> Decimal:
        self.by = self.draw.choice((-1, 1, 500))
        return value + Decimal(self.by).scaleb(-2)

    def changed(self, record: Message) -> Message:
        fields = super().changed(record)
        self.before = Decimal128(self.before)
        return fields

    def undo(self) -> None:
        super().undo()
        listed = self.stage.database["payment_mismatches"]
        assert listed.delete_one({"_id": self.chosen.order.order_id}).deleted_count == 1

    @property
    def expected(self) -> Expected:
        order_id = self.chosen.order.order_id
        return (
            super().expected
            | off("payment_amounts_match", ("mismatched", order_id, "False"), payment_cents_stored=self.by)
            | off("mismatches_as_planned", mismatches_unplanned=1, mismatches_stored=1)
            | off("no_wrong_mismatch_listed", ("mislisted", order_id), mismatches_listed_wrong=1)
        )
