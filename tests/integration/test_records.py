"""Reading topics that others write at the same time, on the real broker; each test has a topic of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewPartitions

from macd.clients.kafka import KafkaAdmin, TopicState, client_config
from macd.clients.offsets import admin_client, begin_offsets, end_offsets
from macd.clients.records import RecordReader
from tests.stack import Stack, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture
def topic(stack: Stack) -> Iterator[str]:
    admin, name = KafkaAdmin(stack.services.kafka), f"scratch-{uuid4()}"
    admin.create(TopicState(name, 2, 1, {}))
    yield name
    admin.delete(name)


def producer(stack: Stack, **more: str) -> Producer:
    return Producer({**client_config(stack.services.kafka), "linger.ms": 5, "log_level": 0, **more})


@contextmanager
def steady_writer(stack: Stack, topic: str) -> Iterator[None]:
    """Writes to partition 0 all the time, in transactions, so that markers lie between the records."""
    over, writer = threading.Event(), producer(stack, **{"transactional.id": topic})
    writer.init_transactions(30)

    def write() -> None:
        for number in count():
            if over.is_set():
                return
            writer.begin_transaction()
            for each in range(100):
                writer.produce(topic, key=f"{number}-{each}".encode(), partition=0)
            writer.commit_transaction(30)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


def test_each_record_is_read_once_while_more_are_written_and_a_partition_is_added(
    stack: Stack, topic: str
) -> None:
    kafka = stack.services.kafka
    admin, other, read = admin_client(kafka), producer(stack), []
    for number in range(30_000):
        other.produce(topic, key=f"other-{number}".encode(), partition=1)
    other.flush(30)
    with RecordReader(kafka, end_offsets(kafka, [topic])[:1]) as reader:
        with steady_writer(stack, topic):
            for _ in range(5):
                read += [record for batch in reader.drain() for record in batch]
            assert {record.partition() for record in read} == {0, 1}
            admin.create_partitions([NewPartitions(topic, 3)])[topic].result(30)
            until(lambda: len(end_offsets(kafka, [topic])) == 3)
            # A client that knew the topic before looks at its partitions every few minutes.
            late = producer(stack)
            late.produce(topic, key=b"added", partition=2)
            late.flush(30)
            for _ in range(5):
                read += [record for batch in reader.drain() for record in batch]
        read += [record for batch in reader.drain() for record in batch]
        assert list(reader.drain()) == []
    keys = [record.key() for record in read]
    assert len(keys) == len(set(keys))
    assert keys.count(b"added") == 1
    assert sum(key.startswith(b"other-") for key in keys) == 30_000
    written = [key for key in keys if b"other" not in key and key != b"added"]
    assert len(written) % 100 == 0
    assert len(written) > 1_000
    print(f"{len(written)} records were written meanwhile")


def test_what_a_producer_left_open_is_told_of_and_what_was_emptied_is_passed_over(
    stack: Stack, topic: str
) -> None:
    kafka = stack.services.kafka
    start = begin_offsets(kafka, [topic])
    plain = producer(stack)
    plain.produce(topic, key=b"gone", partition=0)
    plain.flush(30)
    KafkaAdmin(kafka).empty(topic)
    plain.produce(topic, key=b"before", partition=0)
    plain.flush(30)
    left = producer(stack, **{"transactional.id": topic})
    left.init_transactions(30)
    left.begin_transaction()
    left.produce(topic, key=b"open", partition=0)
    left.flush(30)
    plain.produce(topic, key=b"behind", partition=0)
    plain.flush(30)

    def read() -> list[bytes | None]:
        return [record.key() for batch in reader.drain() for record in batch]

    with RecordReader(kafka, start) as reader:
        assert read() == [b"before"]
        assert reader.cut == (topic,)
        assert reader.held == ((topic, 0, 2, 2),)
        with RecordReader(kafka, end_offsets(kafka, [topic]), uncommitted=True) as whole:
            assert [record.key() for batch in whole.drain() for record in batch] == [b"open", b"behind"]
        # Who takes its name ends it; otherwise the broker does so, when its time is over.
        producer(stack, **{"transactional.id": topic}).init_transactions(30)
        until(lambda: read() == [b"behind"])
        assert reader.held == ()
