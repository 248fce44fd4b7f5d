"""Faults in what is derived from the joined orders: the list of mismatches and the hourly revenue."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId
from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.producer.sales import Kind
from tests.faults.documents import beyond
from tests.faults.expected import HOURLY, Expected, cell_of, off
from tests.faults.fault import JOINABLE, Fault


class _DerivedFault(Fault):
    """Changes a document of a derived collection."""

    collection: str

    def choose(self) -> None:
        self.before = self.found()
        self.after = deepcopy(self.before)
        self.change()

    def found(self) -> Document:
        """The document that is changed."""
        raise NotImplementedError

    def change(self) -> None:
        """Changes `after`."""

    def inject(self) -> None:
        self.stored.replace_one({"_id": self.before["_id"]}, self.after)

    def undo(self) -> None:
        self.stored.replace_one({"_id": self.before["_id"]}, self.before, upsert=True)

    @property
    def stored(self) -> Collection[Document]:
        return self.stage.database[self.collection]

    def get(self, key: str) -> Document:
        found = self.stored.find_one({"_id": key})
        assert found is not None, key
        return found


class MismatchFault(_DerivedFault):
    collection = "payment_mismatches"

    def found(self) -> Document:
        self.chosen = self.sale(Kind.MISMATCHED)
        return self.get(self.chosen.order.order_id)


class MismatchUnlisted(MismatchFault):
    """a mismatched order is not listed"""

    def inject(self) -> None:
        self.stored.delete_one({"_id": self.before["_id"]})

    @property
    def expected(self) -> Expected:
        return off("every_mismatch_listed", mismatches_listed=-1)


class MismatchAltered(MismatchFault):
    """a mismatched order is listed with another amount or payment"""

    def change(self) -> None:
        self.field = self.draw.choice(("order_total", "payment_amount", "difference", "payment_id"))
        value = self.after[self.field]
        self.after[self.field] = f"{value}0" if isinstance(value, str) else self._amount(value)

    def _amount(self, value: Decimal128) -> Any:
        exact = value.to_decimal()
        return self.draw.choice((Decimal128(exact + Decimal("0.01")), float(exact), str(exact), None))

    @property
    def expected(self) -> Expected:
        return off("every_mismatch_listed", mismatches_listed=-1) | _mislisted(self.before["_id"])


class MismatchTooMany(MismatchFault):
    """an order is listed that was paid exactly, or not, or that the run does not have"""

    def change(self) -> None:
        other = self.sale(Kind.PAID, Kind.UNPAID, Kind.OUTSIDE_WINDOW).order.order_id
        self.after["_id"] = self.draw.choice((other, beyond(self.run.order_ids, self.draw.randrange(1_000))))

    def inject(self) -> None:
        self.stored.insert_one(self.after)

    def undo(self) -> None:
        self.stored.delete_one({"_id": self.after["_id"]})

    @property
    def expected(self) -> Expected:
        return _mislisted(self.after["_id"])


class HourFault(_DerivedFault):
    collection = "hourly_revenue"

    def found(self) -> Document:
        self.chosen = self.sale(*JOINABLE)
        _, hour, method = self.cell = cell_of(self.chosen)
        return self.get(f"{datetime.fromtimestamp(int(hour), UTC):%Y-%m-%dT%H} {method}")

    @property
    def expected(self) -> Expected:
        return off(HOURLY[0], self.cell, **{HOURLY[1]: 1})


class HourGone(HourFault):
    """an hour of a payment method is gone"""

    def inject(self) -> None:
        self.stored.delete_one({"_id": self.before["_id"]})


class HourTwice(HourFault):
    """an hour of a payment method is there a second time, under an ObjectId"""

    def change(self) -> None:
        self.after["_id"] = ObjectId()

    def inject(self) -> None:
        self.stored.insert_one(self.after)

    def undo(self) -> None:
        self.stored.delete_one({"_id": self.after["_id"]})


class HourAltered(HourFault):
    """an hour of a payment method has another number, sum, average or name"""

    def change(self) -> None:
        fields = ("average_basket", "hour", "payment_method")
        if self.stage.every_run_counts():
            fields += ("orders", "revenue")
        self.field = self.draw.choice(fields)
        self.after[self.field] = self._other(self.after[self.field])

    def _other(self, value: Any) -> Any:
        if isinstance(value, Decimal128):
            # An average may lie one cent off either way when it ends in half a cent.
            return Decimal128(value.to_decimal() + Decimal(self.draw.choice(("-0.02", "0.02", "10"))))
        if isinstance(value, int):
            return self.draw.choice((value + 1, value - 1, float(value), str(value), None))
        return value + timedelta(hours=1) if isinstance(value, datetime) else f"{value} "


def _mislisted(order_id: str) -> Expected:
    return off("no_wrong_mismatch_listed", ("mislisted", order_id), mismatches_listed_wrong=1)
