"""One at a time, for workers that share nothing but Airflow's Variables.

A Variable can be set, read, listed and deleted, but not set on condition. So whoever wants a turn says so in
a Variable of its own and then looks for others: of two that want the same turn, the one that said so later
sees the other. Of those that see each other the oldest stays; the others take their word back and wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from airflow.sdk import Variable

from macd.errors import DeadlineExceeded

PREFIX = "macd_alerts_turn_"
# A turn is a few requests long; of a worker that was killed in one the others do not wait for ever. Its word
# bears the time of its own clock: half of this is for the turn, the other half for clocks that differ.
_LASTS_S = 60
# Airflow itself kills a callback that takes longer than 20 s (core.task_success_overtime).
_PATIENCE_S = 8
_PAUSE_S = 0.1
sleep: Callable[[float], None] = time.sleep
now: Callable[[], float] = time.time


@contextmanager
def turn(what: str) -> Iterator[str]:
    """Nobody else has this turn meanwhile; DeadlineExceeded when it cannot be had in time."""
    mine = _taken(what)
    try:
        yield mine
    finally:
        Variable.delete(mine)


def is_fresh(mine: str) -> bool:
    """Whether the others will believe for long enough that its owner lives."""
    return now() < _since(mine) + _LASTS_S / 2


def alive(keys: Iterable[str]) -> list[str]:
    """The turns among these Variables whose owners live, as far as is known; the others are removed."""
    turns = [key for key in keys if key.startswith(PREFIX)]
    dead = {key for key in turns if _since(key) + _LASTS_S < now()}
    for key in dead:
        Variable.delete(key)
    return [key for key in turns if key not in dead]


def _taken(what: str) -> str:
    prefix, deadline = f"{PREFIX}{what}_", time.monotonic() + _PATIENCE_S
    mine = _wanted(prefix)
    while time.monotonic() < deadline:
        wanting = alive(Variable.keys(prefix=prefix))
        if wanting == [mine]:
            return mine
        if not wanting:
            mine = _wanted(prefix)
            continue
        if mine and min(wanting) < mine:
            Variable.delete(mine)
            mine = ""
        sleep(_PAUSE_S)
    if mine:
        Variable.delete(mine)
    raise DeadlineExceeded(
        f"somebody else changes the alert {what} all the time.",
        remedy=f"The next task that ends tries again. Delete the Variables {PREFIX}... when they stay.",
    )


def _wanted(prefix: str) -> str:
    key = f"{prefix}{now():.3f}_{uuid4().hex[:8]}"
    Variable.set(key, "")
    return key


def _since(key: str) -> float:
    return float(key.split("_")[-2])
