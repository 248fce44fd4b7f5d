"""Sales figures from the collection, one aggregation each.

Every query begins with a range of order_time and touches only fields of the index that
`macd.plan.indexes` makes, so that MongoDB answers it from that index alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.dashboard.models import (
    Hour,
    PaymentMethod,
    PaymentMethods,
    PaymentMismatch,
    PaymentMismatches,
    Revenue,
)

_HOUR_MS = 3_600_000
_CENT = Decimal("0.01")
Now = Callable[[], datetime]


class Sales:
    """The joined orders of the last hours."""

    def __init__(self, collection: Collection[Document], now: Now = lambda: datetime.now(UTC)) -> None:
        self._collection = collection
        self._now = now

    def revenue(self, hours: int) -> Revenue:
        """By hour, oldest first; the current hour is the last."""
        first = self._first_hour(hours)
        # $dateTrunc would say the same, but only on MongoDB 5 and later.
        hour = {"$subtract": ["$order_time", {"$mod": [{"$toLong": "$order_time"}, _HOUR_MS]}]}
        group = {"_id": hour, "orders": {"$sum": 1}, "revenue": {"$sum": "$order_total"}}
        found = {row["_id"].astimezone(UTC): row for row in self._aggregate(first, {"$group": group})}
        beginnings = (first + timedelta(hours=number) for number in range(hours))
        return Revenue(hours=[_hour(at, found.get(at)) for at in beginnings])

    def payment_methods(self, hours: int) -> PaymentMethods:
        """How the orders of these hours were paid."""
        group = {"_id": "$payment_method", "payments": {"$sum": 1}, "amount": {"$sum": "$payment_amount"}}
        rows = self._aggregate(self._first_hour(hours), {"$group": group})
        methods = [
            PaymentMethod(method=row["_id"], payments=row["payments"], amount=_decimal(row["amount"]))
            for row in rows
        ]
        return PaymentMethods(methods=sorted(methods, key=lambda each: each.amount, reverse=True))

    def mismatches(self, hours: int, limit: int) -> PaymentMismatches:
        """The orders of these hours whose payment differs from their total, newest first."""
        differs = {"$match": {"$expr": {"$ne": ["$order_total", "$payment_amount"]}}}
        fields = ("order_id", "order_time", "payment_method", "order_total", "payment_amount")
        rows = self._aggregate(
            self._first_hour(hours),
            differs,
            {"$sort": {"order_time": -1}},
            {"$limit": limit + 1},
            # Not the document's _id, which the index does not hold.
            {"$project": {"_id": 0, **dict.fromkeys(fields, 1)}},
        )
        found = [_mismatch(row) for row in rows]
        return PaymentMismatches(mismatches=found[:limit], truncated=len(found) > limit)

    def _first_hour(self, hours: int) -> datetime:
        this_hour = self._now().replace(minute=0, second=0, microsecond=0)
        return this_hour - timedelta(hours=hours - 1)

    def _aggregate(self, since: datetime, *stages: Document) -> list[Document]:
        until = self._now()
        in_range = {"$match": {"order_time": {"$gte": since, "$lte": until}}}
        return list(self._collection.aggregate([in_range, *stages]))


def _hour(at: datetime, row: Document | None) -> Hour:
    if row is None:
        return Hour(hour=at, orders=0, revenue=Decimal("0.00"), average_basket=Decimal("0.00"))
    revenue = _decimal(row["revenue"])
    average = (revenue / row["orders"]).quantize(_CENT, ROUND_HALF_UP)
    return Hour(hour=at, orders=row["orders"], revenue=revenue, average_basket=average)


def _mismatch(row: Document) -> PaymentMismatch:
    total, paid = _decimal(row["order_total"]), _decimal(row["payment_amount"])
    return PaymentMismatch(
        order_id=str(row["order_id"]),
        order_time=row["order_time"],
        payment_method=row["payment_method"],
        order_total=total,
        payment_amount=paid,
        difference=paid - total,
    )


def _decimal(value: Any) -> Decimal:
    """Decimal128 as it is stored; anything else as what it shows, so that a spoilt document stays visible."""
    exact = value.to_decimal() if hasattr(value, "to_decimal") else Decimal(str(value))
    return exact.quantize(_CENT, ROUND_HALF_UP)
