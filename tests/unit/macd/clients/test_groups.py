"""How far a reader has come, with a broker that answers what the test wants."""

from __future__ import annotations

from typing import Any

import pytest

from macd.clients import groups as module
from macd.clients.groups import ConsumerGroups
from macd.clients.records import Position
from macd.errors import RequestRejected
from tests.unit.macd.fakes import KAFKA


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
