"""A short memory: many open pages cost one query."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from macd.errors import MacdError

Value = TypeVar("Value")
# Different questions are few (a page's sections and ranges); this only bounds what a script could ask for.
MOST_KEPT = 200


class _Kept(NamedTuple):
    value: Any
    error: MacdError | None
    until: float


class ShortMemory:
    """Keeps each answer for `seconds`; of several callers at once one asks and the others wait for it.

    That a service does not answer is kept as well, for `error_seconds`: otherwise all who wait would ask in
    turn, each until its time limit.
    """

    def __init__(
        self, seconds: float, error_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._error_seconds = error_seconds
        self._clock = clock
        self._kept: dict[Hashable, _Kept] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], Value]) -> Value:
        """The answer under `key`, or the same MacdError again."""
        with self._lock(key):
            kept = self._kept.get(key)
            if kept is None or kept.until <= self._clock():
                self._kept[key] = kept = self._asked(ask)
        if kept.error is not None:
            raise kept.error
        answer: Value = kept.value
        return answer

    def _asked(self, ask: Callable[[], Any]) -> _Kept:
        # Kept from when it was there, not from when it was asked for: a slow answer is kept as long.
        try:
            return _Kept(ask(), None, self._clock() + self._seconds)
        except MacdError as error:
            return _Kept(None, error, self._clock() + self._error_seconds)

    def _lock(self, key: Hashable) -> threading.Lock:
        with self._guard:
            if len(self._locks) > MOST_KEPT:
                self._forget()
            return self._locks.setdefault(key, threading.Lock())

    def _forget(self) -> None:
        now = self._clock()
        for key in [key for key, lock in self._locks.items() if not lock.locked()]:
            if key not in self._kept or self._kept[key].until <= now:
                self._kept.pop(key, None)
                del self._locks[key]
