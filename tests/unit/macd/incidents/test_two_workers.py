"""Two workers at the incident book, in every order of their operations, and one that is killed in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from macd.incidents.finding import Finding
from macd.incidents.incident import Incident
from macd.incidents.store import CLAIM, IncidentStore
from tests.unit.macd import turns
from tests.unit.macd.incidents.fakes import FakeIncidents

SUBJECT = "run r"
OPERATIONS = 9


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class World:
    """A book and the mails that went out, in their order."""

    clock: Clock = field(default_factory=Clock)
    books: dict[str, FakeIncidents] = field(default_factory=lambda: {"incidents": FakeIncidents()})
    mails: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def store(self) -> IncidentStore:
        return IncidentStore(self.books, self.clock)  # type: ignore[arg-type]

    def look(self, severity: str | None, *, delivers: bool = True) -> None:
        """What a task does that has ended."""
        told = {"message": "m", "next_step": "n"}
        found = [Finding(subject=SUBJECT, check="a", severity=severity, **told)] if severity else []
        store = self.store
        store.book(SUBJECT, found)
        while due := store.claim_due():
            if not delivers:
                return store.release(due)
            self._mail(due)
            store.sent(due, "<m@x>")
        return None

    def _mail(self, due: Sequence[Incident]) -> None:
        turns.operation()
        self.mails += [(each.id, str(each.due), each.severity) for each in due]

    def settle(self, severity: str | None) -> None:
        """Later somebody looks once more, twice."""
        for _ in range(2):
            self.clock.now += CLAIM
            self.look(severity)

    def told(self) -> list[tuple[bool, list[str]]]:
        """Of each incident whether it lasts, and what was mailed about it."""
        return [(each.is_open, self._told_of(each)) for each in self.store.recent(100)]

    def _told_of(self, incident: Incident) -> list[str]:
        return [due if due == "recovery" else kind for id_, due, kind in self.mails if id_ == incident.id]


BEFORE = {
    "nothing": (),
    "a warning that was told": (("warn", True),),
    "a failure that was told": (("fail", True),),
    "a warning that was not told": (("warn", False),),
    "a failure that was not told": (("fail", False),),
}
ALERTS = (["warn"], ["fail"], ["warn", "fail"])
LOOKS = (None, "warn", "fail")


def prepared(before: str) -> World:
    world = World()
    for severity, delivers in BEFORE[before]:
        world.look(severity, delivers=delivers)
    return world


def check(is_open: bool, told: list[str], severity: str | None) -> None:
    """At the end it is as bad as `severity`: of that, and of each end, the mails have to tell."""
    if is_open:
        assert told in ALERTS
        assert severity == "warn" or told[-1] == "fail"
    else:
        *alerts, last = told
        assert alerts in ([], *ALERTS)
        assert last == "recovery"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("second", LOOKS)
@pytest.mark.parametrize("first", LOOKS)
def test_in_any_order_of_two_workers_each_is_told_once_when_it_begins_or_gets_worse_and_when_it_ends(
    first, second, before
):
    for order in turns.orders(OPERATIONS):
        world = prepared(before)
        turns.run([partial(world.look, first), partial(world.look, second)], order)
        world.settle(second)
        assert sum(is_open for is_open, _ in world.told()) == bool(second)
        for is_open, told in world.told():
            check(is_open, told, second)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("severity", LOOKS)
def test_what_a_worker_that_was_killed_leaves_is_told_by_the_next_one_mail_twice_at_most(severity, before):
    for done in range(OPERATIONS):
        world = prepared(before)
        turns.run([partial(world.look, severity)], [0] * done, kill=0)
        world.settle(severity)
        for is_open, told in world.told():
            assert len(told) <= len(dict.fromkeys(told)) + 1
            check(is_open, list(dict.fromkeys(told)), severity)
