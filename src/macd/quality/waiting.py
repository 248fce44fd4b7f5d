"""Waits for records while anything moves, or can still come; brings back what stands still."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, Protocol

# Without anything new in the topics or the collection for this long, waiting on brings nothing. Longer than a
# checkpoint of the join (which makes its rows visible) and the start of a connector's task together.
STALL_LIMIT_S = 90.0
# Where only what is there counts: a run that was produced so long ago has arrived, or has not.
PAST_STALL_LIMIT_S = 5.0
PAST_AFTER = timedelta(hours=1)
# ... unless a sink that has failed is brought back for it; this long it then has to store what it missed.
RESTARTED_STALL_LIMIT_S = 45.0
_REPORT_EVERY_S = 5.0
# When nothing has moved for so long, and so often again, it is seen whether a sink has failed.
_RESCUE_EVERY_S = 10.0
Say = Callable[[str], None]
Clock = Callable[[], float]
# Brings back what stands still; whether waiting on makes sense because of that.
Rescue = Callable[[], bool]
# Whether all that was written has been read; what was read last may be seen a moment later.
CaughtUp = Callable[[], bool]
_CAUGHT_UP_BELIEVED = 2


class Advance(Protocol):
    """How far something has come; it compares equal while nothing moves."""

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""


class Waited(NamedTuple):
    """How the waiting ended; seconds."""

    settled: bool
    seconds: float


def wait_until_settled(
    look: Callable[[], Advance],
    deadline_s: float,
    say: Say,
    stall_limit_s: float = STALL_LIMIT_S,
    clock: Clock = time.monotonic,
    rescue: Rescue = lambda: False,
    caught_up: CaughtUp = lambda: False,
) -> Waited:
    """Looks until the run is done, nothing has moved for `stall_limit_s`, or `deadline_s` has passed.

    `look` itself blocks for a moment when there is nothing new, so this needs no sleep. While nothing moves
    `rescue` is asked every few seconds; where it has brought something back, that counts as a move. Who would
    give up sooner than that asks once before, and is more patient only where it helped. It is over sooner as
    well when `caught_up` says twice in a row that nothing is on its way any more.
    """
    began = spoke = clock()
    stall = _Stall(stall_limit_s, rescue, caught_up, began)
    before: Advance | None = None
    while True:
        now_at, now = look(), clock()
        if now_at != before:
            before = now_at
            stall.moved(now)
        if now_at.done or now - began >= deadline_s or stall.is_final(now):
            say(f"{now_at} after {now - began:.1f} s{'' if now_at.done else '; giving up'}")
            return Waited(now_at.done, now - began)
        if now - spoke >= _REPORT_EVERY_S:
            spoke = now
            say(f"{now_at} after {now - began:.0f} s")


class _Stall:
    """How long nothing has moved, and what was done about it."""

    def __init__(self, limit_s: float, rescue: Rescue, caught_up: CaughtUp, now: float) -> None:
        self._limit_s, self._rescue, self._caught_up = limit_s, rescue, caught_up
        self._ask_every_s = min(_RESCUE_EVERY_S, limit_s)
        self.moved(now)

    def moved(self, now: float) -> None:
        self._since = self._asked = now
        self._caught_up_times = 0

    def is_final(self, now: float) -> bool:
        if now - self._asked >= self._ask_every_s:
            self._asked = now
            self._ask(now)
        return now - self._since >= self._limit_s or self._caught_up_times >= _CAUGHT_UP_BELIEVED

    def _ask(self, now: float) -> None:
        if not self._rescue():
            self._caught_up_times = self._caught_up_times + 1 if self._caught_up() else 0
            return
        self.moved(now)
        if self._limit_s < _RESCUE_EVERY_S:
            self._limit_s, self._ask_every_s = RESTARTED_STALL_LIMIT_S, math.inf
