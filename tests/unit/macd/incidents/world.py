"""A world in which workers book looks and send mails, and in which nobody may hear of a thing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from macd.incidents.finding import Finding
from macd.incidents.incident import Incident
from macd.incidents.store import CLAIM, IncidentStore
from tests.unit.macd import turns
from tests.unit.macd.incidents.fakes import database

SUBJECT = "run r"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class World:
    """A book and the mails that went out, in their order.

    An incident is known by the time at which it opened: the clock is never the same twice, numbers may be.
    """

    clock: Clock = field(default_factory=Clock)
    books: Mapping[str, Any] = field(default_factory=database)
    mails: list[tuple[datetime, str]] = field(default_factory=list)
    seen: set[datetime] = field(default_factory=set)

    @property
    def store(self) -> IncidentStore:
        return IncidentStore(self.books, self.clock)

    def look(self, severity: str | None, subject: str = SUBJECT, *, delivers: bool = True) -> None:
        """What a task does that has ended."""
        told = {"message": "m", "next_step": "n"}
        found = [Finding(subject=subject, check="a", severity=severity, **told)] if severity else []
        store = self.store
        booked = store.book(subject, found)
        self.seen |= {each.opened_at for group in booked for each in group}
        while due := store.claim_due([subject]):
            if not delivers:
                return store.release(due)
            self._mail(due)
            store.sent(due, "<m@x>")
        return None

    def _mail(self, due: Sequence[Incident]) -> None:
        turns.operation()
        self.mails += [
            (each.opened_at, "recovery" if each.due == "recovery" else each.severity) for each in due
        ]

    def settle(self, severity: str | None) -> None:
        """Later somebody looks twice more."""
        for _ in range(2):
            self.clock.now += CLAIM
            self.look(severity)

    def told(self) -> list[tuple[bool, list[str]]]:
        """Of each incident whether it lasts, and what was mailed about it."""
        lasting = {each.opened_at for each in self.store.open()}
        everything = self.seen | {each.opened_at for each in self.store.recent(100)}
        return [(each in lasting, [told for one, told in self.mails if one == each]) for each in everything]


BEFORE = {
    "nothing": (),
    "a warning that was told": (("warn", True),),
    "a failure that was told": (("fail", True),),
    "a warning that was not told": (("warn", False),),
    "a failure that was not told": (("fail", False),),
}
ALERTS = (["warn"], ["fail"], ["warn", "fail"])
LOOKS = (None, "warn", "fail")


def prepared(world: World, before: str) -> World:
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
