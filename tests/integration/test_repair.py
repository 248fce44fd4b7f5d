"""What the sink skipped or somebody deleted comes back, through the real scheduler."""

from __future__ import annotations

import pytest
from bson import Decimal128
from confluent_kafka import Producer

from macd.clients.connect import KafkaConnect
from macd.clients.kafka import client_config
from macd.clients.records import begin_offsets, end_offsets
from macd.quality.watch import watch_run
from tests.stack import Stack, macd, run_with_report, until, why

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
COLLECTION = "orders_payments_joined"
JOINED = "macd_orders_payments_joined"
SINK = "macd-orders-payments-mongodb-sink"


@pytest.fixture(scope="module", autouse=True)
def _deployed(stack: Stack) -> None:
    code, outcome = run_with_report("--orders", "10")
    assert code == 0, why(outcome)


def test_orders_skipped_while_mongodb_was_away_are_replayed_once(stack: Stack) -> None:
    # What earlier tests have left is looked at, so that the counts are of this one.
    assert macd("dead-letters", "--replay").returncode == 0
    _skip_for_real(stack, "skipped", orders=40)

    assert _replay(stack).startswith("dry run: 40 to replay, 1 bad, 0 already stored")
    assert _stored(stack, "skipped") == 0, "a dry run writes nothing"

    done = _replay(stack, dry_run=False)
    assert "40 dead letters replayed: 40 stored, 0 back as dead letters" in done
    assert "PASSED run skipped" in done, "the affected run was reconciled again"
    connect = KafkaConnect(stack.services.kafka_connect)
    sinks = [connect.status(sink.name) for sink in stack.pipeline.connectors]
    assert all(sink and sink.healthy for sink in sinks), "those that stopped while MongoDB was away run again"
    figures = stack.report("skipped").figures
    assert (figures.orders_stored, figures.orders_dead_lettered) == (40, 0)
    assert (figures.pairs_joined, figures.orders_duplicate) == (40, 0)

    assert _replay(stack).startswith("dry run: 0 to replay, 0 bad, 0 already stored")
    again = _replay(stack, from_beginning=True, dry_run=False)
    assert again.startswith("0 to replay, ")
    listed = macd("dead-letters", "--from-beginning")
    assert "poison" in listed.stdout, listed.stderr


def test_deleted_and_altered_documents_are_written_again(stack: Stack) -> None:
    before = set(stack.documents())
    assert macd("seed", "--run-id", "damaged-again", "--orders", "30").returncode == 0
    assert macd("verify", "damaged-again").returncode == 0
    whole = stack.documents()
    altered, *lost = sorted(set(whole) - before)[:6]
    wrong = {"$set": {"order_total": Decimal128("0.01")}}
    stack.in_collection(lambda database: database[COLLECTION].update_one({"_id": altered}, wrong))
    stack.in_collection(lambda database: database[COLLECTION].delete_many({"_id": {"$in": lost}}))

    dry = stack.start_run("macd_repair", run_id="damaged-again")
    assert stack.finish(dry).state == "success"
    assert stack.note(dry).startswith("dry run of damaged-again: 5 orders to write again, 1 altered")
    assert len(stack.documents()) == len(whole) - 5

    wet = stack.start_run("macd_repair", run_id="damaged-again", dry_run=False, altered=True)
    assert stack.finish(wet).state == "success", stack.note(wet)
    assert "6 orders written again: 6 stored" in stack.note(wet)
    assert stack.documents() == whole
    assert macd("repair", "damaged-again", "--yes").stdout.count("nothing was written again") == 1


def test_a_run_that_does_not_exist_is_answered_with_those_that_do(stack: Stack) -> None:
    run = stack.start_run("macd_repair", run_id="nobody")
    assert stack.finish(run).state == "failed"
    log = stack.log(run, "survey_run")
    assert "There is no seeding run 'nobody'" in log
    assert "Give one of the latest runs:" in log


def _replay(stack: Stack, **params: bool) -> str:
    run = stack.start_run("macd_dlq_replay", **params)
    assert stack.finish(run).state == "success", stack.note(run)
    return stack.note(run)


def _stored(stack: Stack, run_id: str) -> int:
    with watch_run(run_id, stack.pipeline, stack.services) as watch:
        return watch.look().stored


def _skip_for_real(stack: Stack, run_id: str, orders: int) -> None:
    """Lets the sink meet a run while MongoDB is away, and one record that it cannot decode.

    It tolerates everything meanwhile, as one that somebody set up otherwise: the project's own would wait.
    """
    connect = KafkaConnect(stack.services.kafka_connect)
    own = connect.config(SINK)
    assert own is not None
    connect.put_config(SINK, {**own, "mongo.errors.tolerance": "all"})
    connect.request("PUT", f"/connectors/{SINK}/pause")
    seeded = macd("seed", "--run-id", run_id, "--orders", str(orders))
    assert seeded.returncode == 0, seeded.stderr
    with watch_run(run_id, stack.pipeline, stack.services) as watch:
        until(lambda: watch.look().joined == orders)
    producer = Producer(client_config(stack.services.kafka))
    producer.produce(JOINED, b"not avro", b"poison")
    producer.flush(10)
    buried = _dead_letters(stack)
    stack.stop("mongodb")
    try:
        connect.request("PUT", f"/connectors/{SINK}/resume")
        until(lambda: _dead_letters(stack) == buried + orders + 1, deadline_s=120)
    finally:
        stack.start("mongodb")
        connect.put_config(SINK, own)


def _dead_letters(stack: Stack) -> int:
    topics = [f"dlq.{JOINED}"]
    begin, end = begin_offsets(stack.services.kafka, topics), end_offsets(stack.services.kafka, topics)
    return sum(at.offset for at in end) - sum(at.offset for at in begin)
