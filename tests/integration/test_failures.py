"""What goes wrong is found, named and survived."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from bson import Decimal128

from macd.clients.mongodb import Document, connected
from macd.clients.records import end_offsets
from macd.producer.store import RunStore
from tests.stack import MACD, Stack, macd, run_with_report, until, why

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
COLLECTION = "orders_payments_joined"
KILLED_RUN_ORDERS = 15_000


def test_lost_and_altered_documents_fail_the_dag_with_ids_and_hop(stack: Stack) -> None:
    arguments = ("--orders", "30", "--run-id", "damaged")
    before = set(stack.documents())
    code, outcome = run_with_report(*arguments)
    assert code == 0, why(outcome)
    whole = stack.documents()
    lost, altered, *_ = sorted(set(whole) - before)
    stack.in_collection(lambda database: database[COLLECTION].delete_one({"_id": lost}))
    wrong = {"$set": {"order_total": Decimal128("0.01")}}
    stack.in_collection(lambda database: database[COLLECTION].update_one({"_id": altered}, wrong))

    try:
        code, outcome = run_with_report(*arguments)
    finally:
        # What checks all runs is to find nothing wrong with this one later.
        for order_id in (lost, altered):
            _put_back(stack, whole[order_id])
        again, _ = run_with_report(*arguments)

    assert (code, again) == (10, 0)
    assert outcome["state"] == "failed"
    [failure] = outcome["failures"]
    assert failure["task_id"] == "data_quality_checks"
    assert f"missing: {lost} not stored" in failure["error"]
    assert altered in failure["error"]
    assert "Remedy:" in failure["error"]
    samples = outcome["report"]["samples"]
    assert [(each["order_id"], each["hop"]) for each in samples["missing"]["first"]] == [(lost, "not stored")]
    assert samples["altered"]["first"][0]["differences"][0]["found"] == "0.01"


def _put_back(stack: Stack, document: Document) -> None:
    key = {"_id": document["_id"]}
    stack.in_collection(lambda database: database[COLLECTION].replace_one(key, document, upsert=True))


def test_a_producer_killed_half_way_is_continued_without_a_duplicate(stack: Stack) -> None:
    run = stack.start_run(orders=KILLED_RUN_ORDERS)
    until(lambda: stack.state_of(run, "launch_producer") == "running", deadline_s=200)
    until(lambda: _produced(stack, run.run_id) > 0, deadline_s=60)
    os.kill(_worker(stack, run.dag_run_id), signal.SIGKILL)

    assert stack.finish(run).state == "success"

    tasks = stack.airflow.task_runs("macd_pipeline", run.dag_run_id)
    assert tasks["launch_producer"].try_number == 2
    figures = stack.report(run.run_id).figures
    assert figures.orders_acknowledged == figures.orders_stored == figures.pairs_joined == KILLED_RUN_ORDERS
    assert _produced(stack, run.run_id) == 2 * KILLED_RUN_ORDERS


def test_of_two_producers_of_one_run_one_sends_and_the_other_says_so(stack: Stack) -> None:
    command = [*MACD, "seed", "--orders", "3000", "--run-id", "asked-for-twice"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    said = sorted(" ".join(each.communicate(timeout=180)[0].decode().split()) for each in both)

    assert [each.returncode for each in both] == [0, 0], said
    assert said[0].startswith("6,000 messages sent, every one acknowledged")
    assert "Run 'asked-for-twice' is complete already; nothing to send." in said[1]
    assert _produced(stack, "asked-for-twice") == 6_000


def _produced(stack: Stack, run_id: str) -> int:
    """Messages on the two source topics since the run began; 0 while it has not."""
    with connected(stack.services.mongodb) as database:
        manifest = RunStore(database).load(run_id)
    if manifest is None:
        return 0
    topics = ("macd_orders", "macd_payments")
    began = sum(at.offset for at in manifest.start_of(topics))
    return sum(at.offset for at in end_offsets(stack.services.kafka, topics)) - began


def _worker(stack: Stack, dag_run_id: str) -> int:
    """Process id of the running producer task."""
    path = f"/api/v2/dags/macd_pipeline/dagRuns/{dag_run_id}/taskInstances/launch_producer"
    return int(stack.airflow.request("GET", path)["pid"])


def test_a_broker_that_is_down_is_named_and_survived(stack: Stack) -> None:
    stack.stop("kafka")
    try:
        done = macd("plan")
        assert done.returncode == 5
        assert f"Kafka: no answer from 127.0.0.1:{stack.config.kafka_port}" in done.stderr.replace("\n", " ")
        assert "remedy" in done.stderr
        run = stack.start_run(orders=50)
        until(lambda: stack.state_of(run, "preflight") == "up_for_retry", deadline_s=120)
        assert f"no answer from 127.0.0.1:{stack.config.kafka_port}" in stack.log(run, "preflight")
    finally:
        stack.start("kafka")
    assert stack.finish(run).state == "success"
    assert stack.report(run.run_id).figures.orders_stored == 50
