"""What a step of the kit is, and what its claims come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from macd.acceptance.world import World
from macd.errors import AcceptanceFailed

Facts = list[str]


class When(StrEnum):
    """GATE: changes nothing, and where it fails nothing else is begun. CLEANUP: runs whatever failed."""

    GATE = "gate"
    ORDINARY = "ordinary"
    CLEANUP = "cleanup"


@dataclass(frozen=True)
class Step:
    """One claim. `run` returns what it found, one line each, and raises a MacdError when it does not hold.

    `needs` are the names of steps without which it has nothing to work on.
    """

    name: str
    proves: str
    run: Callable[[World], Facts]
    needs: tuple[str, ...] = ()
    when: When = When.ORDINARY


def hold(is_so: bool, otherwise: str, remedy: str) -> None:
    """AcceptanceFailed unless it is so."""
    if not is_so:
        raise AcceptanceFailed(otherwise, remedy=remedy)
