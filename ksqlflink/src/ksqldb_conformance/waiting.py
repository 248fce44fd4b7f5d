"""Wait for a condition with a deadline on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_S = 0.1


class DeadlineError(Exception):
    """A condition did not come true in time."""


def wait_until(condition: Callable[[], bool], deadline_s: float, what: str) -> None:
    """Poll `condition` until it holds; DeadlineError naming `what` after `deadline_s` seconds."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise DeadlineError(f"{what} did not happen within {deadline_s:g} s")
        time.sleep(POLL_S)
