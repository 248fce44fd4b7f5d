"""A scheduled run's way, through the real scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from macd.cli.dag_run import DagRun, wait_for_dag
from macd.cli.run import PARSE_DEADLINE_S
from macd.producer.reseed import ReseedDefaults
from macd.producer.store import RunStore
from tests.stack import Stack, run_with_report, until

DAG = "macd_reseed"
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def test_once_switched_on_it_runs_by_the_clock_and_proves_its_own_run(stack: Stack) -> None:
    assert run_with_report("--orders", "10")[0] == 0
    wait_for_dag(stack.airflow, DAG, PARSE_DEADLINE_S)
    stack.airflow.unpause(DAG)

    # Its latest slot has passed while it was off, so the scheduler makes up for that one at once.
    run_id = until(lambda: _scheduled(stack), deadline_s=180)[0]
    run = DagRun.of(stack.airflow, DAG, run_id)
    assert stack.finish(run).state == "success", stack.note(run)

    assert run_id.startswith("scheduled__")
    figures = stack.report(run_id).figures
    assert figures.orders_produced == figures.orders_stored == ReseedDefaults.load().orders
    assert f"PASSED run {run_id}: " in stack.note(run)
    assert stack.state_of(run, "delete_old_runs") == "skipped"
    assert len(_scheduled(stack)) == 1, "of the slots before it none is made up for"


def _scheduled(stack: Stack) -> list[str]:
    found = stack.airflow.request("GET", f"/api/v2/dags/{DAG}/dagRuns?order_by=-run_after&limit=100")
    return [run["dag_run_id"] for run in found["dag_runs"] if run["run_type"] == "scheduled"]


def test_each_run_is_a_fresh_one_and_old_ones_are_cleared_away_when_asked(stack: Stack) -> None:
    """Once switched on, Airflow also makes the latest run that was due: nothing here counts all documents."""
    assert run_with_report("--orders", "10")[0] == 0
    before = stack.documents()
    first = stack.start_run(DAG, orders=30)
    assert stack.finish(first).state == "success", stack.note(first)
    assert stack.state_of(first, "delete_old_runs") == "skipped"
    assert stack.report(first.run_id).figures.orders_stored == 30
    its_own = _order_ids(stack, first.run_id)
    assert its_own <= set(stack.documents())
    assert not its_own & set(before)

    old = {"$set": {"completed_at": datetime.now(UTC) - timedelta(days=8)}}
    stack.in_collection(lambda database: database["seeding_runs"].update_one({"_id": first.run_id}, old))
    second = stack.start_run(DAG, orders=40, keep_days=7)
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
