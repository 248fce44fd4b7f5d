"""Several topics are read together: who waits for whom, and what happens to the topics meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, KafkaError, TopicPartition

from ksqlflink.errors import ServerProblem
from ksqlflink.services import kafka_follower
from ksqlflink.services.kafka_follower import KafkaFollower


@dataclass
class Message:
    place: tuple[str, int]
    at: int
    ms: int = 0
    problem: KafkaError | None = None

    def topic(self) -> str:
        return self.place[0]

    def partition(self) -> int:
        return self.place[1]

    def offset(self) -> int:
        return self.at

    def error(self) -> KafkaError | None:
        return self.problem

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_CREATE_TIME, self.ms

    def key(self) -> bytes | None:
        return None

    value = key


@dataclass
class FakeConsumer:
    batches: list[list[Message]]
    partitions: dict[str, int]
    assigned: list[tuple[str, int, int]] = field(default_factory=list)
    paused: set[tuple[str, int]] = field(default_factory=set)
    error: KafkaError | None = None

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self.assigned, self.paused = [(p.topic, p.partition, p.offset) for p in places], set()

    def poll(self, _: float) -> Message | None:
        return self.batches[0].pop(0) if self.batches and self.batches[0] else None

    def consume(self, *_: Any) -> list[Message]:
        return self.batches.pop(0)

    def pause(self, places: Sequence[TopicPartition]) -> None:
        self.paused |= {(p.topic, p.partition) for p in places}

    def resume(self, places: Sequence[TopicPartition]) -> None:
        self.paused -= {(p.topic, p.partition) for p in places}

    def list_topics(self, topic: str, timeout: float) -> Any:
        del timeout
        found = SimpleNamespace(error=self.error, partitions=range(self.partitions[topic]))
        return SimpleNamespace(topics={topic: found})


A, B = ("a", 0), ("b", 0)


def follower(consumer: FakeConsumer, **spans: tuple[int, int]) -> KafkaFollower:
    return KafkaFollower(consumer, {(topic, 0): span for topic, span in spans.items()})  # type: ignore[arg-type]


def test_who_is_ahead_in_time_waits_for_who_has_more_to_read() -> None:
    end = KafkaError(KafkaError._PARTITION_EOF)
    batches = [
        [Message(A, 0, 10), Message(A, 1, 30)],
        [Message(B, 0, 20)],
        [Message(B, 1, 40)],
        [Message(A, 2, 50)],
    ]
    consumer = FakeConsumer([*batches, [Message(B, 3, problem=end)]], {"a": 1, "b": 1})
    reader = follower(consumer, a=(0, 9), b=(0, 3))
    waiting = []
    while consumer.batches:
        reader.poll(0)
        waiting.append(set(consumer.paused))
    # b ends with a mark of a transaction, which is no record; then a goes on however far it is ahead.
    assert waiting == [{A}, {A}, {B}, {A}, set()]


def test_one_topic_waits_for_nobody() -> None:
    consumer = FakeConsumer([[Message(A, 0, 10)]], {"a": 2})
    reader = KafkaFollower(consumer, {A: (0, 5), ("a", 1): (0, 5)})  # type: ignore[arg-type]
    assert [(topic, record.offset) for topic, record in reader.poll(0)] == [("a", 0)]
    assert consumer.paused == set()


def test_partitions_that_are_added_are_read_from_their_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_follower, "_LOOK_SECONDS", 0.0)
    consumer = FakeConsumer([[Message(A, 7, 1)], []], {"a": 2})
    reader = follower(consumer, a=(7, 7))
    assert consumer.assigned == [("a", 0, 7)]
    reader.poll(0)
    assert consumer.assigned == [("a", 0, 7), ("a", 1, 0)]
    reader.poll(0)
    assert len(consumer.assigned) == 2


def test_a_topic_that_has_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_follower, "_LOOK_SECONDS", 0.0)
    consumer = FakeConsumer([], {"a": 0}, error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    with pytest.raises(ServerProblem, match="Topic a does not exist any more"):
        follower(consumer, a=(0, 0)).poll(0)
