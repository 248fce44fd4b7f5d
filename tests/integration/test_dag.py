"""The whole DAG through the real scheduler, on the real stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128

from macd.cli.dag_run import DagRun
from macd.clients.mongodb import Document
from tests.stack import Stack, run_with_report, why

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
TASKS = (
    "preflight",
    "create_topics",
    "register_schemas",
    "deploy_streams",
    "launch_producer",
    "configure_sink",
    "data_quality_checks",
)


@dataclass(frozen=True)
class FirstRuns:
    """`macd run` with its defaults on an empty stack, and another run that was started at the same moment."""

    code: int
    outcome: Mapping[str, Any]
    rival: DagRun
    rival_state: str
    documents: dict[str, Document]


@pytest.fixture(scope="module")
def first_runs(stack: Stack) -> FirstRuns:
    rival = stack.start_run(orders=80, unpaid_share=0.5)
    code, outcome = run_with_report()
    rival_state = stack.finish(rival).state
    return FirstRuns(code, outcome, rival, rival_state, stack.documents())


def test_an_empty_cluster_ends_in_a_proven_collection(first_runs: FirstRuns) -> None:
    assert first_runs.code == 0, why(first_runs.outcome)
    tasks = [(task["task_id"], task["state"]) for task in first_runs.outcome["tasks"]]
    assert tasks == [(name, "success") for name in TASKS]
    figures = first_runs.outcome["report"]["figures"]
    assert figures["orders_produced"] == figures["orders_acknowledged"] == 500
    assert figures["payments_produced"] == figures["pairs_joined"] == figures["orders_stored"] == 500


def test_two_runs_at_once_verify_their_own_orders(stack: Stack, first_runs: FirstRuns) -> None:
    assert first_runs.rival_state == "success"
    assert stack.report(first_runs.rival.run_id).figures.orders_stored == 40
    assert len(first_runs.documents) == 500 + 40


def test_documents_have_the_schemas_field_names_and_exact_types(first_runs: FirstRuns) -> None:
    for order_id, document in first_runs.documents.items():
        assert set(document) == {
            *("_id", "order_id", "customer_id", "order_total", "order_items", "order_time"),
            *("payment_id", "payment_amount", "payment_method", "payment_time"),
        }
        assert document["order_id"] == order_id
        assert isinstance(document["order_total"], Decimal128)
        assert isinstance(document["payment_time"], datetime)
        assert set(document["order_items"][0]) == {"item_name", "quantity", "price"}


def test_the_logs_show_plan_progress_and_report(stack: Stack, first_runs: FirstRuns) -> None:
    log = {name: stack.log(first_runs.rival, name) for name in TASKS}
    assert " topic macd_orders" in log["create_topics"]
    assert "stream MACD_ORDERS_PAYMENTS_JOINED" in log["deploy_streams"]
    assert "120 messages sent, every one acknowledged by Kafka" in log["launch_producer"]
    assert "and all its tasks are RUNNING" in log["configure_sink"]
    assert "Data quality PASSED" in log["data_quality_checks"]


def test_the_run_carries_its_verdict_as_a_note(stack: Stack, first_runs: FirstRuns) -> None:
    run_id = first_runs.rival.run_id
    stored = f"PASSED run {run_id}: 40 of 40 expected orders are in MongoDB; "
    assert stack.note(first_runs.rival).startswith(stored)


def test_a_second_run_changes_nothing_but_its_own_data(stack: Stack, first_runs: FirstRuns) -> None:
    before = first_runs.documents
    run = stack.start_run(orders=100)
    assert stack.finish(run).state == "success"
    for task in ("create_topics", "register_schemas", "deploy_streams", "configure_sink"):
        assert "(0 of " in stack.log(run, task), task
        assert "Done:" not in stack.log(run, task), task
    after = stack.documents()
    assert len(after) == len(before) + 100
    assert {order_id: after[order_id] for order_id in before} == before


def test_unpaid_mismatched_late_and_duplicated_payments_come_out_exactly(
    stack: Stack, first_runs: FirstRuns
) -> None:
    before = len(stack.documents())
    code, outcome = run_with_report(
        *("--orders", "200", "--unpaid-share", "0.1", "--mismatch-share", "0.05"),
        *("--outside-window-share", "0.05", "--duplicate-share", "0.1"),
    )
    assert code == 0, why(outcome)
    figures = outcome["report"]["figures"]
    # 20 unpaid and 10 too late leave 170; 18 of the 180 payments are sent twice.
    assert figures["orders_produced"] == 200
    assert figures["payments_produced"] == 198
    assert figures["orders_expected"] == figures["orders_stored"] == 170
    assert figures["pairs_joined"] == figures["pairs_expected"]
    assert figures["mismatches_planned"] == figures["mismatches_stored"] == 10
    assert len(stack.documents()) == before + 170
