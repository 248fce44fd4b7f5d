from __future__ import annotations

from concurrent.futures import Future
from itertools import count
from types import SimpleNamespace

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException

from macd.clients.records import Position, RecordReader, _consumer, end_offsets
from macd.errors import RequestRejected, ServiceUnreachable
from tests.unit.macd.fakes import KAFKA, FakeBroker, FakeConsumer, FakeMessage


def filled(messages=25):
    broker = FakeBroker()
    for number in range(messages):
        broker.append("t", f"key-{number}".encode())
    return broker


def keys(batches):
    return sorted(record.key() for batch in batches for record in batch)


def reader_of(broker, start):
    return RecordReader(KAFKA, start, FakeConsumer(broker))


def test_drain_reads_everything_from_the_start_to_the_end():
    broker = filled()
    reader = reader_of(broker, [Position("t", 0, 0), Position("t", 1, 0)])
    assert keys(reader.drain()) == sorted(message.key() for message in broker.of("t"))


def test_drain_begins_at_the_position_that_was_asked_for():
    broker = filled()
    reader = reader_of(broker, [Position("t", 0, 3)])
    assert keys(reader.drain()) == sorted(m.key() for m in broker.partitions["t", 0][3:])


def test_a_second_drain_gives_only_what_is_new():
    broker = filled()
    reader = reader_of(broker, [Position("t", 0, 0), Position("t", 1, 0)])
    list(reader.drain())
    assert list(reader.drain()) == []
    broker.append("t", b"late")
    assert keys(reader.drain()) == [b"late"]


def test_without_partitions_there_is_nothing_to_wait_for():
    assert list(reader_of(filled(), []).drain()) == []


def test_the_consumer_is_closed_at_the_end():
    source = FakeConsumer(filled())
    with RecordReader(KAFKA, [Position("t", 0, 0)], source):
        pass
    assert source.closed


class Events:
    """A consumer that gives out the same events again and again."""

    def __init__(self, *codes):
        self.events = [FakeMessage(("t", 0), failure=KafkaError(code)) for code in codes]

    def assign(self, partitions):
        pass

    def consume(self, num_messages=1, timeout=-1):
        return self.events

    def close(self):
        pass


def test_lost_offsets_are_said_with_the_topic():
    reader = RecordReader(KAFKA, [Position("t", 0, 5)], Events(KafkaError._AUTO_OFFSET_RESET))
    with pytest.raises(RequestRejected, match=r"topic t no longer holds .* start a new run"):
        list(reader.drain())


def test_a_refusal_by_the_broker_is_not_waited_out():
    reader = RecordReader(KAFKA, [Position("t", 0, 5)], Events(KafkaError.UNKNOWN_TOPIC_OR_PART))
    with pytest.raises(RequestRejected, match="UNKNOWN_TOPIC"):
        list(reader.drain())


def test_a_silent_broker_is_given_up():
    seconds = count(0, 1)
    reader = RecordReader(KAFKA, [Position("t", 0, 5)], Events())
    with pytest.raises(ServiceUnreachable, match=r"no answer from broker.test:9092 for 20 s"):
        list(reader.drain(clock=lambda: next(seconds)))


def test_librdkafka_accepts_the_settings():
    consumer = _consumer(KAFKA)
    assert isinstance(consumer, Consumer)
    consumer.close()


class FakeAdmin:
    def __init__(self, topics, error=None):
        self.known, self.error, self.isolation = topics, error, None

    def list_topics(self, timeout):
        if self.error:
            raise KafkaException(KafkaError(self.error))
        return SimpleNamespace(
            topics={
                name: SimpleNamespace(error=None, partitions=dict.fromkeys(range(number)))
                for name, number in self.known.items()
            }
        )

    def list_offsets(self, wanted, isolation_level, request_timeout):
        self.isolation = isolation_level
        answers = {}
        for number, at in enumerate(wanted):
            answers[at] = Future()
            answers[at].set_result(SimpleNamespace(offset=100 + number))
        return answers


def test_end_offsets_are_those_of_committed_records():
    admin = FakeAdmin({"a": 2, "b": 1, "other": 4})
    assert end_offsets(KAFKA, ["a", "b"], admin) == (("a", 0, 100), ("a", 1, 101), ("b", 0, 102))
    assert admin.isolation.name == "READ_COMMITTED"


def test_a_missing_topic_is_refused_with_what_to_do():
    with pytest.raises(RequestRejected, match=r"topic b does not exist.*macd apply"):
        end_offsets(KAFKA, ["a", "b"], FakeAdmin({"a": 1}))


def test_a_broker_that_is_down_is_said_so():
    with pytest.raises(ServiceUnreachable, match=r"broker.test:9092"):
        end_offsets(KAFKA, ["a"], FakeAdmin({}, KafkaError._TRANSPORT))
