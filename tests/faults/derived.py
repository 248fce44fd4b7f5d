"""Faults in what is derived from the joined orders: the list of mismatches and the hourly revenue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from macd.clients.mongodb import Document
from macd.producer.sales import Kind
from tests.faults.documents import beyond
from tests.faults.expected import HOURLY, Expected, cell_of, off
from tests.faults.fault import JOINABLE
from tests.faults.stored import StoredFault


class _MismatchFault(StoredFault):
    collection = "payment_mismatches"

    def find(self) -> Document:
        self.order_id = self.sale(Kind.MISMATCHED).order.order_id
        return self.get(self.order_id)


class MismatchUnlisted(_MismatchFault):
    """a mismatched order is not listed"""

    def change(self, document: Document) -> None:
        self.after = None

    @property
    def expected(self) -> Expected:
        return off("every_mismatch_listed", mismatches_listed=-1)


class MismatchAltered(_MismatchFault):
    """a mismatched order is listed with another amount or payment"""

    def change(self, document: Document) -> None:
        field = self.draw.choice(("order_total", "payment_amount", "difference", "payment_id"))
        value = document[field]
        document[field] = f"{value}0" if isinstance(value, str) else self._amount(value)

    def _amount(self, value: Decimal128) -> Any:
        exact = value.to_decimal()
        return self.draw.choice((Decimal128(exact + Decimal("0.01")), float(exact), str(exact), None))

    @property
    def expected(self) -> Expected:
        return off("every_mismatch_listed", mismatches_listed=-1) | _mislisted(self.order_id)


class MismatchTooMany(_MismatchFault):
    """an order is listed that was paid exactly, or not, or that the run does not have"""

    def change(self, document: Document) -> None:
        self.before = None
        other = self.sale(Kind.PAID, Kind.UNPAID, Kind.OUTSIDE_WINDOW).order.order_id
        document["_id"] = self.draw.choice((other, beyond(self.run.order_ids, self.draw.randrange(1_000))))
        document["order_id"] = self.key = document["_id"]

    @property
    def expected(self) -> Expected:
        return _mislisted(self.key)


class MismatchTwice(_MismatchFault):
    """a mismatched order is listed a second time, under an ObjectId"""

    def change(self, document: Document) -> None:
        self.before = None
        document["_id"] = self.key = ObjectId()

    @property
    def expected(self) -> Expected:
        return _mislisted(repr(self.key))


class _HourFault(StoredFault):
    collection = "hourly_revenue"

    def find(self) -> Document:
        _, hour, method = self.cell = cell_of(self.sale(*JOINABLE))
        return self.get(f"{datetime.fromtimestamp(int(hour), UTC):%Y-%m-%dT%H} {method}")

    @property
    def expected(self) -> Expected:
        return off(HOURLY[0], self.cell, **{HOURLY[1]: 1})


class HourGone(_HourFault):
    """an hour of a payment method is gone"""

    def change(self, document: Document) -> None:
        self.after = None


class HourTwice(_HourFault):
    """an hour of a payment method is there a second time, under an ObjectId"""

    def change(self, document: Document) -> None:
        self.before = None
        document["_id"] = ObjectId()


class HourAltered(_HourFault):
    """an hour of a payment method has another number, sum, average or name"""

    def change(self, document: Document) -> None:
        fields = ("average_basket", "hour", "payment_method")
        if self.stage.every_run_counts():
            fields += ("orders", "revenue")
        field = self.draw.choice(fields)
        document[field] = self._other(document[field])

    def _other(self, value: Any) -> Any:
        if isinstance(value, Decimal128):
            # An average may lie one cent off either way when it ends in half a cent.
            return Decimal128(value.to_decimal() + Decimal(self.draw.choice(("-0.02", "0.02", "10"))))
        if isinstance(value, int):
            return self.draw.choice((value + 1, value - 1, float(value), str(value), None))
        return value + timedelta(hours=1) if isinstance(value, datetime) else f"{value} "


def _mislisted(order_id: str) -> Expected:
    return off("no_wrong_mismatch_listed", ("mislisted", order_id), mismatches_listed_wrong=1)
