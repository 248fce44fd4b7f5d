"""Alerts without MongoDB: two notifiers at the same Variables, in every order of their requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from macd_airflow.notifications import memory
from tests.unit.macd import turns
from tests.unit.macd.incidents.fakes import database
from tests.unit.macd.incidents.world import BEFORE, LOOKS, World, check, prepared

# More requests about one cause a notifier does not make, unless it waits.
REQUESTS = 26
WAITING = 50


class Outage(World):
    """MongoDB is away until `back`."""

    def __init__(self) -> None:
        super().__init__(books={"incidents": memory.Unbooked()})

    def back(self) -> None:
        self.books = database()

    def look(self, severity: str | None, *, delivers: bool = True) -> None:
        if not isinstance(self.books["incidents"], memory.Unbooked):
            memory.hand_over(self.store)
        super().look(severity, delivers=delivers)


@pytest.fixture
def outage(variables, monkeypatch) -> Callable[[str], Outage]:
    """Begins anew with what was told before."""

    def begin(before: str) -> Outage:
        variables.values.clear()
        world = Outage()
        monkeypatch.setattr(memory, "utc_now", world.clock)
        return prepared(world, before)

    return begin


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("second", LOOKS)
@pytest.mark.parametrize("first", LOOKS)
def test_in_any_order_each_is_told_once_when_it_begins_or_gets_worse_and_once_when_it_ends(
    first, second, before, outage, variables
):
    for done in range(REQUESTS):
        world = outage(before)
        turns.run([partial(world.look, first), partial(world.look, second)], [0] * done + [1] * WAITING)
        world.settle(second)
        for is_open, told in world.told():
            check(is_open, told, second)
        assert len(variables.values) == bool(second), "what is over is forgotten"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("severity", LOOKS)
def test_what_a_notifier_that_was_killed_leaves_is_told_by_the_next_one_mail_twice_at_most(
    severity, before, outage, variables
):
    for done in range(REQUESTS):
        world = outage(before)
        turns.run([partial(world.look, severity)], [0] * done, kill=0)
        variables.slept_s += 60
        world.settle(severity)
        for is_open, told in world.told():
            assert len(told) <= len(dict.fromkeys(told)) + 1
            check(is_open, list(dict.fromkeys(told)), severity)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("second", LOOKS)
@pytest.mark.parametrize("first", LOOKS)
def test_two_that_find_mongodb_back_take_everything_over_and_tell_nobody_again(
    first, second, before, outage, variables
):
    for done in range(REQUESTS):
        world = outage(before)
        world.back()
        turns.run([partial(world.look, first), partial(world.look, second)], [0] * done + [1] * WAITING)
        world.settle(second)
        assert variables.values == {}
        for is_open, told in world.told():
            check(is_open, told, second)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("severity", LOOKS)
def test_one_that_is_killed_while_it_takes_over_forgets_nothing(severity, before, outage, variables):
    for done in range(REQUESTS):
        world = outage(before)
        world.back()
        turns.run([partial(world.look, severity)], [0] * done, kill=0)
        variables.slept_s += 60
        world.settle(severity)
        assert variables.values == {}
        for is_open, told in world.told():
            assert len(told) <= len(dict.fromkeys(told)) + 1
            check(is_open, list(dict.fromkeys(told)), severity)
