"""A scheduled run's way, through the real scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from macd.producer.store import RunStore
from tests.stack import Stack, run_with_report

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def test_each_run_is_a_fresh_one_and_old_ones_are_cleared_away_when_asked(stack: Stack) -> None:
    """Once switched on, Airflow also makes the latest run that was due: nothing here counts all documents."""
    assert run_with_report("--orders", "10")[0] == 0
    before = stack.documents()
    first = stack.start_run("macd_reseed", orders=30)
    assert stack.finish(first).state == "success", stack.note(first)
    assert stack.state_of(first, "delete_old_runs") == "skipped"
    assert stack.report(first.run_id).figures.orders_stored == 30
    its_own = _order_ids(stack, first.run_id)
    assert its_own <= set(stack.documents())
    assert not its_own & set(before)

    old = {"$set": {"completed_at": datetime.now(UTC) - timedelta(days=8)}}
    stack.in_collection(lambda database: database["seeding_runs"].update_one({"_id": first.run_id}, old))
    second = stack.start_run("macd_reseed", orders=40, keep_days=7)
    assert stack.finish(second).state == "success", stack.note(second)

    assert second.run_id != first.run_id
    assert "1 old runs deleted with 30 documents" in stack.note(second)
    assert f"Deleted run {first.run_id}: 30 documents" in stack.log(second, "delete_old_runs")
    after = stack.documents()
    assert not its_own & set(after)
    assert _order_ids(stack, second.run_id) <= set(after)
    assert {order_id: after[order_id] for order_id in before} == before


def _order_ids(stack: Stack, run_id: str) -> set[str]:
    manifest = stack.in_collection(lambda database: RunStore(database).get(run_id))
    ids = manifest.run.order_ids
    return set(map(ids.maker(), range(ids.size)))
