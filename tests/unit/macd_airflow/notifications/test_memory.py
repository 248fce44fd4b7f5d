"""Alerts without MongoDB: two notifiers at the same Variables, in every order of their requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from macd.errors import DeadlineExceeded, ServiceUnreachable
from macd.incidents.store import IncidentStore
from macd_airflow.notifications import memory, turn
from tests.unit.macd import turns
from tests.unit.macd.incidents.fakes import database
from tests.unit.macd.incidents.world import BEFORE, LOOKS, SUBJECT, World, check, prepared

# More requests about one cause a notifier does not make, unless it waits.
REQUESTS = 26
WAITING = 50


class Outage(World):
    """MongoDB is away until `back`."""

    def __init__(self) -> None:
        super().__init__(books={"incidents": memory.Unbooked()})

    def back(self, books: Mapping[str, Any] | None = None) -> None:
        self.books = books or database()

    def look(self, severity: str | None, subject: str = SUBJECT, *, delivers: bool = True) -> None:
        if not isinstance(self.books["incidents"], memory.Unbooked):
            memory.hand_over(self.store, [subject])
        super().look(severity, subject, delivers=delivers)


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
        variables.slept_s += 90
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
        variables.slept_s += 90
        world.settle(severity)
        assert variables.values == {}
        for is_open, told in world.told():
            assert len(told) <= len(dict.fromkeys(told)) + 1
            check(is_open, list(dict.fromkeys(told)), severity)


@pytest.mark.parametrize("delivers", [True, False])
@pytest.mark.parametrize("known", ["warn", "fail"])
@pytest.mark.parametrize("during", ["warn", "fail"])
def test_what_the_book_knew_before_goes_on_with_what_was_told_meanwhile(
    during, known, delivers, outage, variables
):
    world = outage("nothing")
    away, world.books = world.books, database()
    world.look(known)
    books, world.books = world.books, away
    world.look(during, delivers=delivers)
    assert len(variables.values) == 1
    world.back(books)
    told = [severity for _, severity in world.mails]
    assert told == ([known, during] if delivers else [known])
    world.settle(during)
    new = [] if "fail" in told or during == "warn" else ["fail"]
    assert [severity for _, severity in world.mails] == [*told, *new]
    world.settle(None)
    assert [severity for _, severity in world.mails] == [*told, *new, "recovery"]
    [kept] = world.store.recent()
    assert kept.notified_severity == ("fail" if "fail" in (known, during) else "warn")
    assert variables.values == {}


def test_what_ended_meanwhile_and_could_not_be_told_ends_in_the_book(outage, variables):
    world = outage("nothing")
    away, world.books = world.books, database()
    world.look("fail")
    books, world.books = world.books, away
    world.look("fail")
    world.look(None, delivers=False)
    world.back(books)
    world.look("fail", delivers=False)
    assert [each.is_open for each in world.store.recent()] == [True, False]
    world.settle(None)
    assert [told for _, told in world.mails].count("recovery") == 2
    assert variables.values == {}


def test_many_that_end_at_once_do_not_hinder_each_other(outage, variables):
    world, tasks = outage("nothing"), [f"task d.t{number}" for number in range(6)]
    in_step = [*range(6)] * 400
    for severity in ("fail", None):
        turns.run([partial(world.look, severity, task) for task in tasks], in_step)
    assert sorted(told for _, told in world.mails) == ["fail"] * 6 + ["recovery"] * 6
    assert variables.values == {}
    assert variables.slept_s < 6


@pytest.mark.parametrize("behind_s", [-25, 25])
def test_clocks_may_differ_by_many_seconds(behind_s, outage, variables, monkeypatch):
    monkeypatch.setattr(turn, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(turn, "sleep", bool)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(turn, "now", lambda: variables.now() - behind_s)
        first = turn.turn("x")
        assert first.__enter__()
    with pytest.raises(DeadlineExceeded), turn.turn("x"):
        pass
    variables.slept_s += 90
    with turn.turn("x") as second:
        assert list(variables.values) == [second], "whoever had it was killed"


@pytest.mark.parametrize("kept", [20, 199])
def test_what_one_more_costs_does_not_depend_on_how_many_are_kept(kept, outage, variables):
    world = outage("nothing")
    for number in range(kept):
        world.look("fail", f"task d.t{number}")
    variables.requests = 0
    world.store.has_work(["task d.new"])
    world.look("fail", "task d.new")
    assert variables.requests <= 60
    variables.requests = 0
    world.back()
    world.look(None, "task d.new")
    assert variables.requests <= 60
    assert (world.mails[-1][1], len(world.mails)) == ("recovery", kept + 2)


def test_the_book_takes_over_a_tasks_own_at_once_and_all_others_with_the_next_tasks(outage, variables):
    world = outage("nothing")
    for number in range(40):
        world.look("fail", f"task d.t{number}", delivers=number % 2 == 0)
    world.back()
    world.look("fail", "task d.t20")
    assert len(world.store.lasting("task d.t20")) == 1
    assert len(variables.values) == 29
    for _ in range(3):
        world.look(None, "task d.other")
    assert variables.values == {}
    assert sorted(each.subject for each in world.store.open()) == sorted(f"task d.t{n}" for n in range(40))
    assert [told for _, told in world.mails] == ["fail"] * 40


def test_what_is_due_of_others_is_sent_by_the_next_tasks_however_many_are_kept(outage, variables):
    world = outage("nothing")
    for number in range(40):
        world.look("fail", f"task d.t{number}", delivers=number != 7)
    for number in range(200):
        world.look("fail", f"task d.t{number % 7}")
    assert [told for _, told in world.mails] == ["fail"] * 40


class NoAnswer:
    """A database, any collection of it, and what these do."""

    def __getattr__(self, name: str) -> Any:
        raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")

    def __getitem__(self, name: str) -> Any:
        return self


def test_nobody_has_a_turn_while_mongodb_is_waited_for(outage, variables):
    outage("a failure that was told")
    variables.was_set.clear()
    with pytest.raises(ServiceUnreachable):
        memory.hand_over(IncidentStore(NoAnswer()), [SUBJECT])
    assert variables.was_set == []


def test_one_that_was_held_up_in_its_turn_changes_nothing(outage, variables, monkeypatch):
    outage("a failure that was told")
    [(key, before)] = variables.values.items()
    read = variables.get

    def slowly(key: str, default: Any = None) -> Any:
        variables.sleep(31)
        return read(key, default)

    monkeypatch.setattr(variables, "get", slowly)
    one = {"_id": key.removeprefix(memory.PREFIX)}
    changed = memory.Unbooked().update_one(one, {"$set": {"message": "x"}})
    assert changed.matched_count == 0
    assert variables.values == {key: before}
