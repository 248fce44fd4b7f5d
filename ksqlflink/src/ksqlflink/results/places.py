"""Places for calls that share a memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LONG_SECONDS = 1.5
_LOOK_SECONDS = 0.1


class Places:
    """So many calls may be made at once; of those that take long `more` give their place to others."""

    def __init__(self, count: int, more: int) -> None:
        self._count = count
        self._most = count + more
        self._begun: list[float] = []
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a place and have it."""
        begun = self._taken()
        try:
            yield
        finally:
            with self._changed:
                self._begun.remove(begun)
                self._changed.notify()

    def _taken(self) -> float:
        with self._changed:
            while not self._free():
                self._changed.wait(_LOOK_SECONDS)
            begun = time.monotonic()
            self._begun.append(begun)
        return begun

    def _free(self) -> bool:
        since = time.monotonic() - _LONG_SECONDS
        return len(self._begun) < self._most and sum(begun > since for begun in self._begun) < self._count
