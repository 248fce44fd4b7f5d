"""Gets through the outage of a service: what can be done again is done again, with back-off, for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from macd.errors import RequestRejected, ServiceUnreachable

# Seconds of pauses between tries in all; the tries take their own time. Killed servers are back in less.
PATIENCE_S = 180.0
_BACKOFF = wait_exponential(multiplier=1, max=10)
_UNAVAILABLE = {502, 503, 504}
Result = TypeVar("Result")


def through_outages(
    do: Callable[[], Result],
    say: Callable[[str], None] = lambda _: None,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """What `do`, which may be done any number of times, returns once every service that it needs answers.

    Raises the last error when pauses of `patience_s` seconds in all were not enough, and any other at once.
    """

    def tell(attempt: RetryCallState) -> None:
        error = attempt.outcome and attempt.outcome.exception()
        left = max(0.0, patience_s - attempt.idle_for)
        say(f"Trying again, with pauses of up to {left:.0f} s in all. {error}")

    attempts = Retrying(
        retry=retry_if_exception(_is_passing),
        wait=_BACKOFF,
        stop=lambda attempt: attempt.idle_for >= patience_s,
        before_sleep=tell,
        sleep=sleep,
        reraise=True,
    )
    return attempts(do)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, RequestRejected):
        return error.code in _UNAVAILABLE
    return isinstance(error, ServiceUnreachable)
