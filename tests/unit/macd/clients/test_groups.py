"""How far a reader has come, with a broker that answers what the test wants."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from macd.clients import groups as module
from macd.clients import records
from macd.clients.groups import ConsumerGroups
from macd.clients.records import Position
from macd.errors import DeadlineExceeded, RequestRejected
from tests.unit.macd.fakes import KAFKA, FakeBroker, FakeConsumer


@pytest.mark.parametrize(("ends", "is_empty"), [((4, 9), True), ((4, 10), False)])
def test_a_topic_is_empty_when_every_partition_ends_where_it_begins(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[int, ...], is_empty: bool
) -> None:
    def positions(offsets: tuple[int, ...]) -> Any:
        return lambda *_: tuple(Position("t", number, at) for number, at in enumerate(offsets))

    monkeypatch.setattr(module, "begin_offsets", positions((4, 9)))
    monkeypatch.setattr(module, "end_offsets", positions(ends))
    admin: Any = object()
    assert ConsumerGroups(KAFKA, admin).is_empty("t") is is_empty


def test_so_is_one_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> Any:
        raise RequestRejected("Kafka", "no topic t.", remedy="Create it.")

    monkeypatch.setattr(module, "begin_offsets", missing)
    admin: Any = object()
    assert ConsumerGroups(KAFKA, admin).is_empty("t")


def test_nobody_waits_long_for_the_last_few_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read to tell them from markers; the look at the pipeline has 5 s in all."""

    class Silent(FakeConsumer):
        def consume(self, *_: Any, **__: Any) -> list[Any]:
            return []

    broker = FakeBroker()
    broker.append_to(("t", 0), b"unread")
    monkeypatch.setattr(records, "KafkaSource", lambda *_: Silent(broker))
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.05)
    monkeypatch.setattr(module, "begin_offsets", lambda *_: (Position("t", 0, 0),))
    monkeypatch.setattr(module, "end_offsets", lambda *_: (Position("t", 0, 1),))
    admin: Any = object()
    with pytest.raises(DeadlineExceeded, match="at offset 0 of 1"):
        ConsumerGroups(KAFKA, admin).progress_at({("t", 0): 0}, ["t"])


class Deleting:
    """An admin client that notes which groups it was told to delete."""

    def __init__(self, error: int | None = None) -> None:
        self.deleted: list[str] = []
        self.error = error

    def delete_consumer_groups(self, groups: list[str], request_timeout: float) -> Any:
        self.deleted += groups
        answer: Future[None] = Future()
        if self.error is None:
            answer.set_result(None)
        else:
            answer.set_exception(KafkaException(KafkaError(self.error)))
        return dict.fromkeys(groups, answer)


def test_groups_are_deleted_by_name_and_none_is_asked_for_without_one() -> None:
    admin: Any = Deleting()
    ConsumerGroups(KAFKA, admin).delete([])
    ConsumerGroups(KAFKA, admin).delete(["a", "b"])
    assert admin.deleted == ["a", "b"]


def test_a_group_with_a_member_is_refused() -> None:
    admin: Any = Deleting(KafkaError.NON_EMPTY_GROUP)
    with pytest.raises(RequestRejected, match="NON_EMPTY_GROUP"):
        ConsumerGroups(KAFKA, admin).delete(["a"])
