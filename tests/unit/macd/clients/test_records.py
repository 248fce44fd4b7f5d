from __future__ import annotations

from concurrent.futures import Future
from itertools import count, islice
from types import SimpleNamespace

import pytest
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException
from confluent_kafka.admin import OffsetSpec

from macd.clients import offsets
from macd.clients.offsets import Extent, Position, end_offsets, extents
from macd.clients.records import KafkaSource, RecordReader
from macd.errors import DeadlineExceeded, RequestRejected, ServiceUnreachable
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
    reader = reader_of(broker, [Position("t", 0, 3), Position("t", 1, 2)])
    later = [*broker.partitions["t", 0][3:], *broker.partitions["t", 1][2:]]
    assert keys(reader.drain()) == sorted(m.key() for m in later)


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


BOTH = [Position("t", 0, 0), Position("t", 1, 0)]


class Growing(FakeConsumer):
    """To a partition that has been read, more is added with every poll than is read of it."""

    def consume(self, num_messages=1, timeout=-1):
        for number in range(10):
            self.broker.append_to(("t", 0), f"late-{number}".encode())
        return super().consume(num_messages, timeout)


def test_a_drain_ends_however_much_is_written_meanwhile():
    broker = filled()
    there = [message.key() for message in broker.of("t")]
    reader = RecordReader(KAFKA, BOTH, Growing(broker), limit_s=5)
    assert set(keys(reader.drain())) >= set(there)
    assert set(keys(islice(reader.drain(), 100))) == {f"late-{n}".encode() for n in range(10)}


def test_records_that_are_written_while_it_reads_are_each_given_once():
    broker = filled()
    reader = RecordReader(KAFKA, BOTH, Growing(broker), limit_s=5)
    seen = [(each.partition(), each.offset()) for _ in range(5) for batch in reader.drain() for each in batch]
    assert len(seen) == len(set(seen))
    assert [at for at in sorted(seen) if at[0] == 0] == [(0, n) for n in range(len(seen) - 12)]


def test_what_a_client_hands_out_again_after_it_was_assigned_anew_is_given_once():
    class Stale(FakeConsumer):
        def assign(self, partitions):
            super().assign(partitions)
            self.positions = {where: max(0, position - 2) for where, position in self.positions.items()}

    broker = filled()
    reader = RecordReader(KAFKA, BOTH, Stale(broker))
    list(reader.drain())
    broker.append_to(("t", 2), b"added")
    assert keys(reader.drain()) == [b"added"]


def test_a_partition_that_has_been_read_does_not_hold_the_others_up():
    """Its records would otherwise fill every batch."""
    broker, polls = FakeBroker(), count()

    class OneAtATime(Growing):
        def consume(self, num_messages=1, timeout=-1):
            next(polls)
            events = super().consume(num_messages, timeout)
            for unread in events[1:]:
                self.positions[unread.where] = min(self.positions[unread.where], unread.at)
                self.told.discard(unread.where)
            return events[:1]

    broker.append_to(("t", 0), b"first")
    for number in range(20):
        broker.append_to(("t", 1), f"key-{number}".encode())
    drained = keys(RecordReader(KAFKA, BOTH, OneAtATime(broker), limit_s=5).drain())
    assert drained == sorted([b"first", b"late-0", *(f"key-{n}".encode() for n in range(20))])
    assert next(polls) == 22


def test_an_end_of_which_only_a_marker_is_left_is_reached():
    broker = filled()
    broker.mark(("t", 0))
    broker.mark(("t", 1))
    reader = reader_of(broker, BOTH)
    assert len(keys(reader.drain())) == 25
    assert list(reader.drain()) == []


def test_a_drain_that_takes_too_long_says_how_far_it_came():
    broker, seconds = filled(100), count(0, 10)
    reader = RecordReader(KAFKA, [Position("t", 0, 0)], FakeConsumer(broker), limit_s=30)
    told = r"not done within 30 s.* at offset 28 of \d\d.*--deadline"
    with pytest.raises(DeadlineExceeded, match=told):
        list(reader.drain(clock=lambda: next(seconds)))


def test_a_drain_can_be_cancelled_between_two_polls():
    class Cancelled(Exception):
        pass

    def check():
        if next(asked) == 2:
            raise Cancelled

    asked, got = count(), []
    reader = RecordReader(KAFKA, BOTH, FakeConsumer(filled(100)), check=check)
    with pytest.raises(Cancelled):
        got.extend(reader.drain())
    assert len(got) == 2


def test_a_partition_that_came_later_is_read_from_its_beginning():
    broker = filled()
    broker.begins["t", 2] = 1
    for key in (b"deleted", b"before"):
        broker.append_to(("t", 2), key)
    reader = reader_of(broker, [Position("t", 0, 10), Position("t", 1, 10)])
    first = keys(reader.drain())
    assert b"before" in first
    assert b"deleted" not in first
    broker.append_to(("t", 3), b"while it was watched")
    assert keys(reader.drain()) == [b"while it was watched"]
    broker.append_to(("t", 0), b"and on it goes")
    assert keys(reader.drain()) == [b"and on it goes"]


def test_what_was_deleted_is_passed_over_and_what_came_behind_it_is_read():
    broker = filled()
    broker.begins = {("t", 0): 5, ("t", 1): 5}
    reader = reader_of(broker, [Position("t", 0, 2), Position("t", 1, 7)])
    later = [*broker.partitions["t", 0][5:], *broker.partitions["t", 1][7:]]
    assert keys(reader.drain()) == sorted(m.key() for m in later)
    assert reader.cut == ("t",)


def test_what_is_deleted_between_two_looks_is_passed_over():
    broker = filled()
    reader = reader_of(broker, BOTH)
    list(reader.drain())
    for number in range(20):
        broker.append_to(("t", 0), f"new-{number}".encode())
    end = len(broker.partitions["t", 0])
    broker.begins["t", 0] = end - 3
    assert keys(reader.drain()) == [b"new-17", b"new-18", b"new-19"]


def test_a_topic_made_anew_is_read_from_its_beginning():
    broker = filled(4)
    reader = reader_of(broker, [Position("t", 0, 100), Position("t", 1, 100)])
    assert len(keys(reader.drain())) == 4
    assert reader.cut == ("t",)


def test_a_topic_that_is_made_anew_while_it_is_watched_is_told():
    broker = filled()
    reader = reader_of(broker, BOTH)
    list(reader.drain())
    broker.partitions.clear()
    with pytest.raises(RequestRejected, match=r"topic t was created anew while it was read"):
        list(reader.drain())


@pytest.mark.parametrize("start", [2, 100])
def test_who_has_to_see_every_record_is_refused_where_some_are_gone(start):
    broker = filled()
    broker.begins["t", 0] = 5
    start_at = [Position("t", 0, start), Position("t", 1, 0)]
    reader = RecordReader(KAFKA, start_at, FakeConsumer(broker), exhaustive=True)
    with pytest.raises(RequestRejected, match=r"topic t no longer holds .*twice.* [Ss]tart a new run"):
        list(reader.drain())


def test_records_behind_an_open_transaction_are_told_and_read_once_it_ends():
    broker = filled()
    broker.open_since["t", 0] = 4
    hidden = len(broker.partitions["t", 0]) - 4
    reader = reader_of(broker, BOTH)
    assert len(keys(reader.drain())) == 25 - hidden
    assert reader.held == (("t", 0, 4, hidden),)
    told = f"{hidden} records of topic t are behind a transaction that is still open (since offset 4 of"
    assert str(reader.held[0]).startswith(told)
    broker.open_since.clear()
    assert len(keys(reader.drain())) == hidden
    assert reader.held == ()


class Events:
    """A consumer that gives out the same events again and again."""

    def __init__(self, *codes):
        self.events = [FakeMessage(("t", 0), failure=KafkaError(code)) for code in codes]

    def extents(self, topics):
        return {("t", 0): Extent(0, 9, 9)}

    def assign(self, partitions):
        pass

    resume = assign

    def consume(self, num_messages=1, timeout=-1):
        return self.events

    def close(self):
        pass


def test_offsets_that_are_lost_while_it_reads_are_said_with_the_topic():
    reader = RecordReader(KAFKA, [Position("t", 0, 5)], Events(KafkaError._AUTO_OFFSET_RESET))
    with pytest.raises(RequestRejected, match=r"topic t no longer holds"):
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


@pytest.mark.parametrize("exhaustive", [False, True])
def test_librdkafka_accepts_the_settings(exhaustive):
    source = KafkaSource(KAFKA, exhaustive, uncommitted=exhaustive)
    assert isinstance(source, Consumer)
    source.close()


class FakeAdmin:
    def __init__(self, topics, error=None):
        self.known, self.error, self.isolation = topics, error, None
        self.refuses = []

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
        refuses = self.refuses.pop(0) if self.refuses else None
        for number, at in enumerate(wanted):
            answers[at] = Future()
            if refuses:
                answers[at].set_exception(KafkaException(KafkaError(refuses)))
            elif wanted[at]._value == OffsetSpec.earliest()._value:
                answers[at].set_result(SimpleNamespace(offset=number))
            else:
                open_since = isolation_level is IsolationLevel.READ_COMMITTED and at.topic == "open"
                answers[at].set_result(SimpleNamespace(offset=50 if open_since else 100 + number))
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


def test_how_far_topics_reach_is_asked_for_readers_of_committed_records_and_others():
    admin = FakeAdmin({"open": 1, "b": 2})
    assert extents(KAFKA, ["b", "open"], admin) == {
        ("b", 0): (0, 100, 100),
        ("b", 1): (1, 101, 101),
        ("open", 0): (2, 50, 102),
    }


def test_a_partition_without_a_leader_for_long_is_one_that_is_away(monkeypatch):
    monkeypatch.setattr(offsets, "LEADER_LIMIT_S", 0.0)
    admin = FakeAdmin({"a": 1})
    admin.refuses = [KafkaError.NOT_LEADER_FOR_PARTITION]
    with pytest.raises(ServiceUnreachable, match="NOT_LEADER"):
        extents(KAFKA, ["a"], admin)


def test_a_topic_that_was_just_made_has_a_leader_a_moment_later():
    admin = FakeAdmin({"a": 1})
    admin.refuses = [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE]
    assert extents(KAFKA, ["a"], admin) == {("a", 0): (0, 100, 100)}
