"""Topics on brokers whose metadata follows what the controller has done, as Kafka's does."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from ksqlflink.errors import ServerProblem
from ksqlflink.services.kafka import KafkaTopics
from ksqlflink.services.topics import Topic

TOPIC = Topic("t", 2, 1)


def done(result: Any = None, error: KafkaError | None = None) -> Future[Any]:
    future: Future[Any] = Future()
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(KafkaException(error))
    return future


def metadata(*leaders: int) -> SimpleNamespace:
    partitions = {number: SimpleNamespace(leader=leader, error=None) for number, leader in enumerate(leaders)}
    return SimpleNamespace(error=None, partitions=partitions)


@dataclass
class LaggingAdmin:
    """Answers each question about metadata with the next of `views`, the last one for ever."""

    views: list[Mapping[str, SimpleNamespace]]
    unaware: int = 0  # how often the leaders say that they do not know a partition
    asked: list[str | None] = field(default_factory=list)

    def create_topics(self, new: list[Any]) -> dict[str, Future[Any]]:
        return {topic.topic: done() for topic in new}

    def delete_topics(self, names: list[str]) -> dict[str, Future[Any]]:
        return {name: done() for name in names}

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> SimpleNamespace:
        self.asked.append(topic)
        view = self.views.pop(0) if len(self.views) > 1 else self.views[0]
        return SimpleNamespace(topics=view)

    def list_offsets(self, wanted: Mapping[TopicPartition, Any], **_: Any) -> dict[TopicPartition, Any]:
        self.unaware -= 1
        problem = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART) if self.unaware >= 0 else None
        return {partition: done(SimpleNamespace(offset=0), problem) for partition in wanted}


def topics_of(admin: LaggingAdmin) -> KafkaTopics:
    return KafkaTopics("unused", admin=admin)  # type: ignore[arg-type]


def test_a_topic_is_made_when_all_its_partitions_have_leaders() -> None:
    ready = {"t": metadata(1, 1)}
    admin = LaggingAdmin([{}, {"t": metadata()}, {"t": metadata(1)}, {"t": metadata(1, -1)}, ready])
    topics_of(admin).create(TOPIC)
    assert admin.views == [ready]


def test_a_topic_is_made_when_its_leaders_know_it() -> None:
    admin = LaggingAdmin([{"t": metadata(1, 1)}], unaware=3)
    topics_of(admin).create(TOPIC)
    assert admin.unaware < 0


def test_a_topic_is_gone_when_no_metadata_has_it() -> None:
    admin = LaggingAdmin([{"t": metadata(1, 1)}, {"t": metadata(1, 1)}, {"u": metadata(1)}])
    topics_of(admin).delete("t")
    assert admin.views == [{"u": metadata(1)}]


def test_no_topic_is_asked_for_by_name_because_brokers_may_make_it_then() -> None:
    admin = LaggingAdmin([{"t": metadata(1, 1)}])
    topics_of(admin).create(TOPIC)
    topics_of(admin).end_offsets("t")
    assert set(admin.asked) == {None}


@pytest.mark.parametrize(
    ("views", "complaint"),
    [({}, "The brokers do not know the new topic t"), ({"t": metadata(1)}, "The brokers do not know")],
)
def test_a_topic_that_never_comes_is_an_error(
    views: Mapping[str, SimpleNamespace], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ksqlflink.services.kafka._TIMEOUT_SECONDS", 0.05)
    with pytest.raises(ServerProblem, match=complaint):
        topics_of(LaggingAdmin([views])).create(TOPIC)


def test_a_topic_that_never_goes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksqlflink.services.kafka._TIMEOUT_SECONDS", 0.05)
    with pytest.raises(ServerProblem, match="The brokers still know the deleted topic t"):
        topics_of(LaggingAdmin([{"t": metadata(1, 1)}])).delete("t")
