"""What was made is kept in memory."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from macd_airflow.hooks.mongodb import MongoDbHook
from tests.unit.macd.plan.books import Book


@pytest.fixture(autouse=True)
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    """The deployed parts, as every operator of a test finds them."""
    kept = Book()
    monkeypatch.setattr(MongoDbHook, "get_conn", lambda _: nullcontext(kept))
    return kept
