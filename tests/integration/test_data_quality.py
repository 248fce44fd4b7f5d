"""macd_data_quality through the real scheduler: by asset, by hand, and with something wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from macd.clients.connect import KafkaConnect
from macd.clients.mongodb import connected
from macd.errors import RequestRejected
from macd.health.report import HealthReportStore
from tests.stack import Stack, macd, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
DAG = "macd_data_quality"
SINK = "macd-orders-payments-mongodb-sink"
COLLECTION = "orders_payments_joined"


@pytest.fixture(scope="module", autouse=True)
def _switched_off_afterwards(stack: Stack) -> Iterator[None]:
    """Or else it checks what later tests leave behind, dozens of runs at once."""
    yield
    stack.airflow.pause(DAG)


def runs_of(stack: Stack, run_type: str) -> dict[str, Any]:
    path = f"/api/v2/dags/{DAG}/dagRuns?order_by=-run_after&limit=100"
    found = stack.airflow.request("GET", path)["dag_runs"]
    return {run["dag_run_id"]: run for run in found if run["run_type"] == run_type}


def switch_on(stack: Stack) -> None:
    """Once without anything due, so that the first look back is behind us."""
    assert stack.finish(stack.start_run(DAG)).state in ("success", "failed")


def events_of(stack: Stack, dag_run_id: str) -> dict[str, Any]:
    """What a run's tasks told of each asset; nothing while Airflow cannot say it.

    It answers 500 as long as a DAG run that an event has made is queued (its start_date is still null).
    """
    # An id of Airflow's own making has a plus sign, which in a query stands for a space.
    source = quote(dag_run_id, safe="")
    try:
        found = stack.airflow.request("GET", f"/api/v2/assets/events?source_run_id={source}&limit=50")
    except RequestRejected:
        return {}
    return {event["name"]: event["extra"] for event in found["asset_events"]}


def test_a_run_that_fills_the_collection_is_checked_at_once(stack: Stack) -> None:
    switch_on(stack)
    before = runs_of(stack, "asset_triggered")
    run = stack.start_run(orders=25)
    assert stack.finish(run).state == "success"

    def triggered() -> list[Any]:
        return [each for key, each in runs_of(stack, "asset_triggered").items() if key not in before]

    def checked() -> list[Any]:
        # A round that the clock started may have been a moment earlier and taken the run.
        rounds = [*triggered(), *runs_of(stack, "scheduled").values()]
        return [each for each in rounds if run.run_id in (each["note"] or "")]

    found, *_ = until(checked, deadline_s=240)
    assert until(triggered, deadline_s=240), "the asset starts a round whoever checks the run"
    assert found["state"] == "success", found["note"]
    assert "25 of 25 expected orders are in MongoDB" in found["note"]
    assert "PASSED health of the pipeline" in found["note"]


def test_the_assets_carry_run_and_counts(stack: Stack) -> None:
    run = stack.start_run(orders=12, unpaid_share=0.25)
    assert stack.finish(run).state == "success"
    told = until(lambda: events_of(stack, run.dag_run_id))
    assert told["macd_orders"].items() >= {"run_id": run.run_id, "messages": 12}.items()
    assert told["macd_payments"].items() >= {"run_id": run.run_id, "messages": 9}.items()
    assert told[COLLECTION].items() >= {"run_id": run.run_id, "orders": 9}.items()
    assert told["payment_mismatches"].items() >= {"run_id": run.run_id, "orders": 0}.items()
    assert told["hourly_revenue"]["run_id"] == run.run_id
    assert 1 <= told["hourly_revenue"]["hours_by_method"] <= 9


def test_a_document_lost_later_is_found_by_hand_and_checked_until_it_is_back(stack: Stack) -> None:
    run = stack.start_run(orders=20)
    before = set(stack.documents())
    assert stack.finish(run).state == "success"
    lost = min(set(stack.documents()) - before)
    [document] = stack.in_collection(lambda database: list(database[COLLECTION].find({"_id": lost})))
    stack.in_collection(lambda database: database[COLLECTION].delete_one({"_id": lost}))
    # A run that is long past is not waited for: what is lost now does not come by itself.
    past = {"$set": {"completed_at": datetime.now(UTC) - timedelta(hours=2)}}
    stack.in_collection(lambda database: database["seeding_runs"].update_one({"_id": run.run_id}, past))

    by_hand = stack.start_run(DAG, run_id=run.run_id)
    assert stack.finish(by_hand).state == "failed"
    assert "FAILED at reconcile" in stack.note(by_hand)

    again = stack.start_run(DAG)
    assert stack.finish(again).state == "failed"
    assert run.run_id in stack.note(again)

    stack.in_collection(lambda database: database[COLLECTION].insert_one(document))
    assert stack.finish(stack.start_run(DAG, run_id=run.run_id)).state == "success"


def test_what_cannot_be_a_range_fails_before_anything_is_checked(stack: Stack) -> None:
    run = stack.start_run(DAG, since="2001-01-01T00:00:00Z", until="2001-01-02T00:00:00Z")
    assert stack.finish(run).state == "failed"
    assert "No run was started between 2001-01-01" in stack.log(run, "find_runs")


def test_a_connector_that_does_not_run_fails_the_check_of_the_pipeline(stack: Stack) -> None:
    connect = KafkaConnect(stack.services.kafka_connect)
    connect.request("PUT", f"/connectors/{SINK}/pause")
    try:
        assert macd("seed", "--orders", "30", "--run-id", "behind").returncode == 0
        run = stack.start_run(DAG)
        assert stack.finish(run).state == "failed"
        with connected(stack.services.mongodb) as database:
            report = HealthReportStore(database).latest()
        assert report is not None
        broken = {check.name for check in report.checks if not check.passed}
        assert broken & {"connectors_moving", "connectors_running"}, report.render_text()
        assert "not held: connectors" in stack.note(run)
    finally:
        connect.request("PUT", f"/connectors/{SINK}/resume")
    assert macd("verify", "behind").returncode == 0
    assert stack.finish(stack.start_run(DAG)).state == "success"
