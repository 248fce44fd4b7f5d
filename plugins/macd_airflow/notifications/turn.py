"""One at a time, for workers that share nothing but Airflow's Variables.

A Variable can be set, read, listed and deleted, but not set on condition. So whoever wants a turn says so in
a Variable of its own and then looks for others: of two that want the same turn, the one that said so later
sees the other. It takes its word back then, waits, and tries again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from airflow.sdk import Variable
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random

from macd.errors import DeadlineExceeded

PREFIX = "macd_alerts_turn_"
# A turn is a few requests long. Of a worker that was killed in one, the others do not wait for ever.
_LASTS_S = 20
_PATIENCE_S = 25
sleep: Callable[[float], None] = time.sleep
now: Callable[[], float] = time.time


@contextmanager
def turn(what: str) -> Iterator[None]:
    """Nobody else has this turn meanwhile; DeadlineExceeded when it cannot be had in time."""
    mine = _taken(what)
    try:
        yield
    finally:
        Variable.delete(mine)


def _taken(what: str) -> str:
    retrying = Retrying(
        retry=retry_if_result(lambda mine: mine is None),
        wait=wait_random(0.05, 0.3),
        stop=stop_after_delay(_PATIENCE_S),
        sleep=lambda seconds: sleep(seconds),
    )
    try:
        return str(retrying(_attempt, f"{PREFIX}{what}_"))
    except RetryError:
        raise DeadlineExceeded(
            f"somebody else changes the alert {what} all the time.",
            remedy=f"The next task that ends tries again; delete Variables {PREFIX}... that stay.",
        ) from None


def _attempt(prefix: str) -> str | None:
    mine = f"{prefix}{now():.3f}_{uuid4().hex[:8]}"
    Variable.set(mine, "")
    if alive(Variable.keys(prefix=prefix)) == [mine]:
        return mine
    Variable.delete(mine)
    return None


def alive(keys: Iterable[str]) -> list[str]:
    """The turns among these Variables whose owners live, as far as is known; the others are removed."""
    turns = [key for key in keys if key.startswith(PREFIX)]
    dead = {key for key in turns if float(key.split("_")[-2]) + _LASTS_S < now()}
    for key in dead:
        Variable.delete(key)
    return [key for key in turns if key not in dead]
