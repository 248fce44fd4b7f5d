"""Whole verifications, on a broker and in a database in memory."""

from __future__ import annotations

from typing import Any

import pytest

from macd.errors import ServiceUnreachable
from macd.quality import verify
from macd.quality.verify import Waited
from tests.unit.macd.quality.verified import Verified


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Verified:
    return Verified(monkeypatch)


def test_a_run_that_is_all_there_passes_at_the_first_look(world: Verified) -> None:
    report = world.verify()
    assert (report.passed, report.settled) == (True, True)


def test_what_is_derived_may_follow_a_run_that_arrives_at_the_deadline(
    world: Verified, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.revenue_follows(monkeypatch, looks=5)
    assert world.verify(deadline_s=0, stall_limit_s=30).passed


def test_a_run_that_has_not_arrived_is_not_waited_for_beyond_the_deadline(
    world: Verified,
) -> None:
    world.stored.delete_one({})
    world.revenue.delete_many({})
    report = world.verify(deadline_s=0, stall_limit_s=30)
    assert (report.passed, report.settled, report.waited_s < 5) == (False, False, True)


@pytest.mark.parametrize(("deadline_s", "between"), [(1_000.0, (800.0, 900.0)), (100.0, (30.0, 30.0))])
def test_an_interruption_leaves_the_rest_of_the_deadline_and_never_less_than_what_ends_a_standstill(
    world: Verified, monkeypatch: pytest.MonkeyPatch, deadline_s: float, between: tuple[float, float]
) -> None:
    limits: list[float] = []
    now = [0.0]

    def wait(look: Any, deadline_s: float, *_: Any, **__: Any) -> Waited:
        limits.append(deadline_s)
        if len(limits) == 1:
            now[0] += 150
            raise ServiceUnreachable("Kafka", "no answer.", remedy="Start it.")
        look()
        return Waited(True, 0.0)

    monkeypatch.setattr(verify, "wait_until_settled", wait)
    monkeypatch.setattr("macd.quality.verify.time.monotonic", lambda: now[0])
    assert world.verify(deadline_s, stall_limit_s=30).passed
    assert limits[0] == deadline_s
    assert between[0] <= limits[1] <= between[1]
