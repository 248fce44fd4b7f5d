"""The collection's index, on an in-memory MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mongomock
import pytest

from macd.plan import Create, NoOp, indexes
from macd.settings import REPOSITORY
from macd.specs import load_pipeline

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
    service: Any = None
    [first] = indexes.plan_indexes(PIPELINE, service).changes
    assert isinstance(first, Create)
    assert first.resource == "index orders_payments_joined.macd_sales"
    first.execute()
    [second] = indexes.plan_indexes(PIPELINE, service).changes
    assert isinstance(second, NoOp)
    made = database["orders_payments_joined"].index_information()["macd_sales"]
    assert [name for name, _ in made["key"]] == list(indexes.FIELDS)
