"""Real mails in the real mailbox after runs that really fail, under the real scheduler."""

from __future__ import annotations

import json
import os
import signal
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest

from macd.cli.dag_run import DagRun
from macd.clients.mongodb import Document
from macd.local.mailbox import Mail, mails
from tests.stack import Stack, macd, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
COLLECTION = "orders_payments_joined"
VERIFYING = "data_quality_checks"
PRODUCING = "launch_producer"
# Enough that it is still at work when the test gets to it.
KILLED_ORDERS = 15_000


def about(stack: Stack, text: str) -> list[Mail]:
    """The mails with this text in their subject, oldest first."""
    return [mail for mail in mails(stack.config)[::-1] if text in mail.subject]


def verified(stack: Stack, run_id: str, **params: object) -> DagRun:
    """A run that has ended; its callbacks too, since the log says how they went."""
    run = stack.start_run(run_id=run_id, orders=20, **params)
    stack.finish(run)
    return run


def test_one_mail_when_orders_get_lost_none_while_it_lasts_one_when_they_are_back(stack: Stack) -> None:
    run_id = f"alerted-{uuid4().hex[:8]}"
    before = set(stack.documents())
    verified(stack, run_id)
    lost = min(set(stack.documents()) - before)
    kept: Document = stack.documents()[lost]
    stack.in_collection(lambda database: database[COLLECTION].delete_one({"_id": lost}))

    verified(stack, run_id)
    [alert] = until(lambda: about(stack, run_id))
    assert alert.subject == f"[FAIL] every_order_stored (+3) - run {run_id}"
    for part in (alert.text, alert.html):
        assert "orders_stored is 19, has to be = 20 orders_expected" in part
        assert f"{lost} not stored ({COLLECTION})" in part
        assert f"{stack.airflow_url}/macd/?run={run_id}" in part
        # Where macd_data_quality is switched on it may be the first to see it.
        assert f"/tasks/{VERIFYING}" in part or "/tasks/reconcile/" in part
        assert "Run in Airflow" in part

    again = verified(stack, run_id)
    assert stack.state_of(again, VERIFYING) == "failed"
    stack.in_collection(lambda database: database[COLLECTION].insert_one(kept))
    verified(stack, run_id)
    _, recovery = until(lambda: len(found := about(stack, run_id)) > 1 and found)
    assert recovery.subject == f"[RECOVERED] every_order_stored (+3) - run {run_id}"
    assert recovery.header("In-Reply-To") == alert.header("Message-ID")


def test_payments_that_differ_from_their_order_are_a_warning_with_the_list(stack: Stack) -> None:
    run_id = f"mismatched-{uuid4().hex[:8]}"
    run = verified(stack, run_id, mismatch_share=0.1)
    assert stack.state_of(run, VERIFYING) == "success"
    [alert] = until(lambda: about(stack, run_id))
    assert alert.subject == f"[WARN] payments_equal_totals - run {run_id}"
    listed = [line.split() for line in alert.text.splitlines() if " difference " in line and " paid " in line]
    assert len(listed) == 2
    documents = stack.documents()
    for order_id, _, total, _, paid, _, difference in listed:
        assert documents[order_id]["order_total"].to_decimal() == Decimal(total)
        assert documents[order_id]["payment_amount"].to_decimal() == Decimal(paid)
        assert Decimal(paid) - Decimal(total) == Decimal(difference)


def test_a_task_that_fails_without_looking_names_the_remedy_and_recovers(stack: Stack) -> None:
    run_id = f"twice-{uuid4().hex[:8]}"
    verified(stack, run_id)
    known = len(about(stack, "task macd_pipeline.launch_producer"))
    other = stack.start_run(run_id=run_id, orders=21)
    assert stack.finish(other).state == "failed"
    alert = until(lambda: about(stack, "task macd_pipeline.launch_producer")[known:])[0]
    assert alert.subject.startswith("[FAIL] task_failed - ")
    assert f"{run_id}' exists with other parameters" in alert.text.replace("\n", " ")
    assert "Next: " in alert.text
    verified(stack, run_id)
    found = until(lambda: len(got := about(stack, "macd_pipeline.launch_producer")[known:]) > 1 and got)
    assert found[1].subject.startswith("[RECOVERED] task_failed - ")


def test_a_task_that_is_killed_for_good_is_mailed_by_whoever_buries_it(stack: Stack) -> None:
    """Nothing runs in a task that was killed: the scheduler has its callback called by the DAG processor."""
    run_id = f"killed-{uuid4().hex[:8]}"
    known = len(about(stack, f"task macd_pipeline.{PRODUCING}"))
    run = stack.start_run(run_id=run_id, orders=KILLED_ORDERS)
    for attempt in range(1, 4):
        until(partial(_kill, stack, run, attempt), deadline_s=240)
        # Of the tries before this one nobody was told.
        assert about(stack, f"task macd_pipeline.{PRODUCING}")[known:] == []
    assert stack.finish(run).state == "failed"
    alert = until(lambda: about(stack, f"task macd_pipeline.{PRODUCING}")[known:], deadline_s=120)[0]
    assert alert.subject == f"[FAIL] task_failed - task macd_pipeline.{PRODUCING}"
    assert "may have been killed" in " ".join(alert.text.split())
    # What it left half done is completed, which ends the incident.
    again = stack.start_run(run_id=run_id, orders=KILLED_ORDERS)
    assert stack.finish(again).state == "success", stack.note(again)
    found = until(lambda: len(got := about(stack, f"macd_pipeline.{PRODUCING}")[known:]) > 1 and got)
    assert found[1].subject.startswith("[RECOVERED] ")


def _kill(stack: Stack, run: DagRun, attempt: int) -> bool:
    """Kills the producer at this attempt as soon as it is at work."""
    found = stack.airflow.task_runs(run.dag_id, run.dag_run_id).get(PRODUCING)
    if found is None or found.state != "running" or found.try_number != attempt:
        return False
    path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/{PRODUCING}"
    os.kill(int(stack.airflow.request("GET", path)["pid"]), signal.SIGKILL)
    return True


def test_the_command_line_sends_a_test_mail_and_reads_it(stack: Stack) -> None:
    known = len(about(stack, "[TEST]"))
    done = macd("alerts", "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"127.0.0.1:{stack.config.smtp_port}" in done.stdout
    [sent] = about(stack, "[TEST]")[known:]
    listed = json.loads(macd("mail", "--json").stdout)
    assert listed[0]["subject"] == sent.subject
    assert "Nothing is wrong" in " ".join(macd("mail", str(sent.number)).stdout.split())
