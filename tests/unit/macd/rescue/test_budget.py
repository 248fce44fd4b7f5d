from __future__ import annotations

from datetime import UTC, datetime, timedelta

from macd.rescue.budget import Attempts, Budget

NOON = datetime(2026, 7, 16, 12, tzinfo=UTC)
SINK = "connector a"


class Clock:
    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def restarts_within(seconds: int) -> tuple[list[int], Budget]:
    """The seconds at which something that never recovers is restarted, looked at every second."""
    clock = Clock()
    budget, at = Budget(now=clock), []
    for clock.seconds in range(seconds):
        if budget.is_due(SINK):
            budget.use(SINK)
            at.append(clock.seconds)
    return at, budget


def test_it_is_tried_at_once_then_ever_later_then_no_more():
    at, budget = restarts_within(10_000)
    assert at == [0, 30, 90, 210, 450, 930, 1890]
    assert budget.is_spent(SINK)


def test_there_is_some_left_until_the_last():
    _, budget = restarts_within(1890)
    assert not budget.is_spent(SINK)


def test_what_was_used_goes_on_where_it_was_kept():
    before = {SINK: Attempts(restarts=2, last=NOON)}
    clock = Clock()
    budget = Budget(before, clock)
    clock.seconds = 59
    assert not budget.is_due(SINK)
    clock.seconds = 60
    assert budget.is_due(SINK)
    budget.use(SINK)
    assert budget.attempts == {SINK: Attempts(restarts=3, last=NOON + timedelta(seconds=60))}
    assert before == {SINK: Attempts(restarts=2, last=NOON)}


def test_one_does_not_use_up_what_is_anothers():
    budget = Budget({SINK: Attempts(restarts=7, last=NOON)}, Clock())
    assert budget.is_spent(SINK)
    assert budget.is_due("connector b")


def test_what_has_been_well_for_long_starts_anew():
    clock = Clock()
    budget = Budget({SINK: Attempts(restarts=7, last=NOON)}, clock)
    clock.seconds = 599
    budget.forget(failed=[])
    assert SINK in budget.attempts
    clock.seconds = 600
    budget.forget(failed=[SINK])
    assert SINK in budget.attempts, "it has not been well"
    budget.forget(failed=[])
    assert budget.attempts == {}
