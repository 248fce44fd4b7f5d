"""Waits while a service asks for time (HTTP 429, or its own way to say so), and no longer than allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_result, stop_before_delay, wait_exponential

TOO_MANY_REQUESTS = 429
_BACKOFF = wait_exponential(multiplier=0.5, max=10)


def has_too_many(response: requests.Response) -> bool:
    """Whether the service has had too many requests."""
    return response.status_code == TOO_MANY_REQUESTS


def patiently(
    send: Callable[[], requests.Response],
    patience_s: float,
    turned_away: Callable[[requests.Response], bool] = has_too_many,
) -> requests.Response:
    """What `send` answers once it is let through; its last refusal when that would take over `patience_s`.

    A request that was turned away has changed nothing, so any may be sent again.
    """
    waiting = Retrying(
        retry=retry_if_result(turned_away),
        wait=_wait,
        stop=stop_before_delay(patience_s),
        retry_error_callback=_last,
    )
    response: requests.Response = waiting(send)
    return response


def asked_for(response: requests.Response) -> float | None:
    """Seconds that Retry-After asks for, which may name a number or a date; None without one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _wait(attempts: RetryCallState) -> float:
    response = _last(attempts)
    asked = asked_for(response)
    return _BACKOFF(attempts) if asked is None else asked


def _last(attempts: RetryCallState) -> requests.Response:
    outcome: Any = attempts.outcome
    found: requests.Response = outcome.result()
    return found
