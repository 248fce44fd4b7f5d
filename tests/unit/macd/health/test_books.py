"""Runs that were given up, and the dead letters that somebody has to see to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest

from macd.errors import DeadlineExceeded, MacdError, ServiceUnreachable
from macd.health import books as module
from macd.health.books import minutes_since_last_run, unfinished_runs, unsettled, unsettled_orders
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.repair.affected import KnownRuns
from tests.unit.macd.fakes import AS_OF
from tests.unit.macd.quality.test_reconcile import PIPELINE, ROUTE, manifest_of
from tests.unit.macd.rescue.test_sinks import SERVICES

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def database() -> Any:
    return mongomock.MongoClient(tz_aware=True)["macd"]


def ids_of(run: Run) -> list[str]:
    return list(map(run.order_ids.maker(), range(run.order_ids.size)))


def test_a_run_that_was_given_up_is_named_for_a_week() -> None:
    books = database()
    for run_id, hours in (("seeding", 0.5), ("later", 2), ("given up", 3), ("long ago", 24 * 8)):
        started = {"status": "started", "started_at": NOW - hours * HOUR}
        books["seeding_runs"].insert_one({"_id": run_id, **started})
    assert unfinished_runs(books, NOW) == ["given up", "later"]


def test_freshness_counts_from_the_latest_completion() -> None:
    books = database()
    assert minutes_since_last_run(books, NOW) == 0
    for hours in (5, 2):
        books["seeding_runs"].insert_one({"status": "complete", "completed_at": NOW - hours * HOUR})
    assert minutes_since_last_run(books, NOW) == 120


def test_dead_letters_of_deleted_runs_are_nobodys_any_more() -> None:
    books = database()
    kept, deleted = (Run(name, SeedParameters(orders=3), AS_OF) for name in ("kept", "deleted"))
    stored, *lost = ids_of(kept)
    books.client[ROUTE.database][ROUTE.collection].insert_one({"_id": stored})
    keys = {each.encode() for each in (stored, *lost, *ids_of(deleted), "somebody else's")}
    found = unsettled(keys, KnownRuns([manifest_of(kept)]), books, ROUTE)
    assert found == sorted([*lost, "somebody else's"])


def test_dead_letters_that_could_not_all_be_read_are_not_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """That Kafka is away, the figure parts_unknown tells; that reading took too long, nothing else does."""

    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(module, "begin_offsets", fail)
    error: MacdError = ServiceUnreachable("Kafka", "no answer.", remedy="Start it.")
    assert unsettled_orders(PIPELINE, SERVICES, database()) == []
    error = DeadlineExceeded("Kafka: reading was not done.", remedy="Look at the broker.")
    with pytest.raises(DeadlineExceeded):
        unsettled_orders(PIPELINE, SERVICES, database())
