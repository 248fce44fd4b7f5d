"""Sales figures from the collection, one aggregation each.

Every query begins with a range of order_time and touches only fields of the index that
`macd.plan.indexes` makes, so that MongoDB answers it from that index alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bson import Decimal128
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
_NOTHING = Decimal("0.00")
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
            PaymentMethod(method=str(row["_id"]), payments=row["payments"], amount=_decimal(row["amount"]))
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
        return Hour(hour=at, orders=0, revenue=_NOTHING, average_basket=_NOTHING)
    revenue = _decimal(row["revenue"])
    average = (revenue / row["orders"]).quantize(_CENT, ROUND_HALF_UP)
    return Hour(hour=at, orders=row["orders"], revenue=revenue, average_basket=average)


def _mismatch(row: Document) -> PaymentMismatch:
    # A spoilt document can lack any of them.
    total, paid = _decimal(row.get("order_total")), _decimal(row.get("payment_amount"))
    return PaymentMismatch(
        order_id=str(row.get("order_id")),
        order_time=row["order_time"],
        payment_method=str(row.get("payment_method")),
        order_total=total,
        payment_amount=paid,
        difference=paid - total,
    )


def _decimal(value: Any) -> Decimal:
    """Decimal128 as it is stored, other numbers as what they show; 0 for what is no amount of money."""
    try:
        exact = value.to_decimal() if isinstance(value, Decimal128) else Decimal(str(value))
        amount = exact.quantize(_CENT, ROUND_HALF_UP)
    except InvalidOperation:
        return _NOTHING
    return amount if amount.is_finite() else _NOTHING
