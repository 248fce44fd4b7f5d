"""Sales figures, on an in-memory MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import mongomock
import pytest
from bson import Decimal128

from macd.dashboard.links import dashboard_url
from macd.dashboard.sales import Sales
from macd.plan.indexes import FIELDS

NOW = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)


def order(number: int, minutes_ago: int, total: str, paid: str, method: str = "cash") -> dict[str, Any]:
    return {
        "_id": f"o{number}",
        "order_id": f"o{number}",
        "order_time": NOW - timedelta(minutes=minutes_ago),
        "order_total": Decimal128(total),
        "payment_amount": Decimal128(paid),
        "payment_method": method,
    }


@pytest.fixture
def sales() -> Sales:
    collection: Any = mongomock.MongoClient(tz_aware=True)["macd"]["orders"]
    collection.insert_many(
        [
            order(1, 10, "10.00", "10.00"),
            order(2, 20, "5.01", "5.00", "credit_card"),
            order(3, 90, "7.50", "7.75"),
            order(4, 60 * 30, "99.00", "1.00"),
        ]
    )
    return Sales(collection, lambda: NOW)


def test_mismatches_come_newest_first_and_say_when_there_are_more(sales: Sales) -> None:
    found = sales.mismatches(24, 10)
    assert [(each.order_id, each.difference) for each in found.mismatches] == [
        ("o2", Decimal("-0.01")),
        ("o3", Decimal("0.25")),
    ]
    assert not found.truncated
    assert sales.mismatches(24, 1).truncated
    assert len(sales.mismatches(48, 10).mismatches) == 3


class Asked:
    """Remembers what it was asked, and knows nothing."""

    def __init__(self) -> None:
        self.pipelines: list[list[dict[str, Any]]] = []

    def aggregate(self, stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.pipelines.append(stages)
        return []


class Knows(Asked):
    """Answers every query with the same row."""

    def __init__(self, **row: Any) -> None:
        super().__init__()
        self.row = row

    def aggregate(self, stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self.row]


@pytest.mark.parametrize(
    "value",
    [*map(Decimal128, ("NaN", "sNaN", "-Infinity", "1E+30", "9E+6144")), None, "ten", [1], float("nan"), {}],
    ids=str,
)
def test_what_is_no_amount_of_money_is_shown_as_nothing_and_keeps_the_page(value: Any) -> None:
    hour = NOW.replace(minute=0)
    known: Any = Knows(_id=hour, orders=2, revenue=value)
    assert [(each.orders, each.revenue) for each in Sales(known, lambda: NOW).revenue(1).hours] == [(2, 0)]
    known = Knows(_id=None, payments=2, amount=value)
    assert [each.amount for each in Sales(known).payment_methods(1).methods] == [0]
    known = Knows(order_id=None, order_time=hour, payment_method=7, order_total=value)
    (spoilt,) = Sales(known).mismatches(1, 10).mismatches
    assert (spoilt.order_total, spoilt.payment_amount, spoilt.payment_method) == (0, 0, "7")


def fields_of(stage: Any) -> set[str]:
    """The fields that a stage reads from documents."""
    if isinstance(stage, str):
        return {stage[1:]} if stage.startswith("$") else set()
    if isinstance(stage, list):
        return set().union(*map(fields_of, stage))
    if not isinstance(stage, dict):
        return set()
    named = {name for name in stage if not name.startswith("$")} - {"orders", "revenue", "payments", "amount"}
    return named.union(*map(fields_of, stage.values()))


def test_each_chart_is_one_query_that_the_index_alone_can_answer() -> None:
    asked: Any = Asked()
    sales = Sales(asked, lambda: NOW)
    sales.revenue(24)
    sales.payment_methods(24)
    sales.mismatches(24, 50)
    assert len(asked.pipelines) == 3
    for first, *stages in asked.pipelines:
        assert list(first["$match"]) == [FIELDS[0]], "the range, by the first field of the index"
        assert set().union(*map(fields_of, stages)) - {"_id"} <= set(FIELDS)
        # A group makes an _id of its own; a projection would read that of the document.
        shown = [stage["$project"] for stage in stages if "$project" in stage]
        assert all(each["_id"] == 0 for each in shown)
        assert shown or any("$group" in stage for stage in stages)


def test_the_address_of_a_run_survives_odd_characters() -> None:
    assert dashboard_url("http://h/", "a b&c") == "http://h/macd/?run=a%20b%26c"
