"""The command line without Airflow: make, use, remove and make again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from confluent_kafka import Producer

from macd.clients.contents import Contents
from macd.clients.kafka import KafkaAdmin, TopicState, client_config
from macd.clients.ksqldb import KsqlDb, Source
from macd.clients.records import RecordReader, begin_offsets
from macd.errors import DeadlineExceeded
from macd.pipeline import Pipeline
from macd.plan import Change
from macd.producer.store import RunStore
from macd.settings import Settings
from tests.stack import Stack, macd, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
JOINED = "MACD_ORDERS_PAYMENTS_JOINED"
ORDERS = 50


def changes(*arguments: str) -> set[str]:
    """What `macd plan` would do."""
    done = macd("plan", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {change["action"] for change in json.loads(done.stdout)}


def test_what_is_destroyed_can_be_made_again_and_works(stack: Stack) -> None:
    assert macd("apply").returncode == 0
    assert changes() == {"no-op"}

    removed = macd("destroy", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "create" in changes()
    drift = macd("plan", "--fail-on-drift")
    assert (drift.returncode, "Run `macd apply`" in drift.stderr) == (8, True)

    assert macd("apply").returncode == 0
    assert changes() == {"no-op"}
    # The connector starts at the new topic's first record and not where it had stopped on the old one.
    assert macd("seed", "--run-id", "made-again", "--orders", "50").returncode == 0
    verified = macd("verify", "made-again")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert stack.report("made-again").figures.orders_stored == 50


class Killed(BaseException):
    """Whoever applied the plan is no more."""


def test_a_replacement_that_is_killed_on_the_way_writes_every_pair_once(stack: Stack) -> None:
    assert macd("apply").returncode == 0
    seeded("before-it")
    ksqldb = KsqlDb(stack.services.ksqldb)
    # Killed behind TERMINATE, then before the dropped stream is made again.
    [query] = joined_source(ksqldb).writers
    ksqldb.terminate(query.query_id)
    refused = macd("apply")
    assert (refused.returncode, "--replace-streams" in refused.stderr) == (7, True), refused.stderr
    pipeline = Pipeline.load(Settings())
    with pytest.raises(Killed):
        pipeline.apply(pipeline.plan(replace_streams=True), killed_after(f"stream {JOINED}"))
    assert ksqldb.source(JOINED) is None
    assert macd("apply").returncode == 0
    assert changes() == {"no-op"}
    until(lambda: len(pairs(stack, "before-it")) == ORDERS)
    seeded("after-it")
    for run_id in ("before-it", "after-it"):
        assert Counter(pairs(stack, run_id).values()) == {1: ORDERS}


def seeded(run_id: str) -> None:
    assert macd("seed", "--run-id", run_id, "--orders", str(ORDERS)).returncode == 0
    verified = macd("verify", run_id)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def joined_source(ksqldb: KsqlDb) -> Source:
    source = ksqldb.source(JOINED)
    assert source is not None
    return source


def killed_after(resource: str) -> Callable[[Change], None]:
    def report(change: Change) -> None:
        if change.resource == resource:
            raise Killed

    return report


def pairs(stack: Stack, run_id: str) -> Counter[bytes]:
    """How often each order of a run is on the joined topic."""
    ids = stack.in_collection(lambda database: RunStore(database).get(run_id).run.order_ids)
    start = begin_offsets(stack.services.kafka, [JOINED.lower()])
    with RecordReader(stack.services.kafka, start) as reader:
        keys = [record.key() for batch in reader.drain() for record in batch]
    return Counter(key for key in keys if ids.number(key) is not None)


def test_a_topic_is_emptied_when_no_transaction_is_open_and_its_markers_are_no_records(stack: Stack) -> None:
    kafka, topic = KafkaAdmin(stack.services.kafka), "scratch-contents"
    kafka.create(TopicState(topic, 1, 1, {}))
    until(lambda: topic in kafka.names())
    settings = {"transactional.id": topic, "log_level": 0}
    producer = Producer({**client_config(stack.services.kafka), **settings})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic, b"open")
    producer.flush()
    with pytest.raises(DeadlineExceeded):
        Contents(kafka, timedelta(seconds=1)).empty(topic)
    producer.abort_transaction()
    assert Contents(kafka).holding([topic, "no-such-topic"]) == set()
    producer.begin_transaction()
    producer.produce(topic, b"committed")
    producer.commit_transaction()
    until(lambda: Contents(kafka).holding([topic]) == {topic})
    for _ in range(2):
        Contents(kafka).empty(topic)
        assert Contents(kafka).holding([topic]) == set()
    kafka.delete(topic)
