"""The indexes of the collection and of the incident book, on an in-memory MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mongomock
import pytest
from pydantic import SecretStr

from macd.plan import Create, NoOp, indexes
from macd.plan.changes import Update
from macd.settings import REPOSITORY
from macd.specs import MongoService, load_pipeline

SERVICE = MongoService(uri=SecretStr("mongodb://db.test"), database="macd")
PIPELINE = load_pipeline(REPOSITORY / "include", "local")


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> Any:
    database = mongomock.MongoClient()["macd"]

    @contextmanager
    def connected(_: Any) -> Iterator[Any]:
        yield database

    monkeypatch.setattr(indexes, "connected", connected)
    return database


def test_it_is_made_once(database: Any) -> None:
    changes = indexes.plan_indexes(PIPELINE, SERVICE).changes
    assert {type(change) for change in changes} == {Create}
    assert [change.resource for change in changes] == [
        "index hourly_revenue.macd_hour",
        "index orders_payments_joined.macd_sales",
        "index orders_payments_joined.macd_order",
        "index payment_mismatches.macd_time",
        "index payment_mismatches.macd_order",
        "index incidents.macd_subject",
        "index incidents.macd_open",
    ]
    for change in changes:
        change.execute()
    assert {type(change) for change in indexes.plan_indexes(PIPELINE, SERVICE).changes} == {NoOp}
    assert "macd_sales" in database["orders_payments_joined"].index_information()
    book = database["incidents"].index_information()
    assert book["macd_subject"]["key"] == [("subject", 1), ("closed_at", 1)]
    made = database["orders_payments_joined"].index_information()["macd_sales"]
    assert [name for name, _ in made["key"]] == list(indexes.FIELDS)


def test_one_over_other_fields_is_made_anew(database: Any) -> None:
    database["orders_payments_joined"].create_index([("order_time", 1)], name="macd_sales")
    [change] = [each for each in indexes.plan_indexes(PIPELINE, SERVICE).changes if "sales" in each.resource]
    assert isinstance(change, Update)
    change.execute()
    made = database["orders_payments_joined"].index_information()["macd_sales"]
    assert [name for name, _ in made["key"]] == list(indexes.FIELDS)
