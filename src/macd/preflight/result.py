"""What a check is, and how it came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from macd.errors import DeadlineExceeded, MacdError, RequestRejected, ServiceUnreachable


class Outcome(StrEnum):
    """How a check came out. Only FAILED stops the pipeline; UNKNOWN is told like a warning."""

    OK = "ok"
    UNKNOWN = "cannot tell"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Answer:
    """What a check found. `remedy` says what to do unless it is OK."""

    outcome: Outcome
    detail: str
    remedy: str = ""
    may_pass: bool = False


def counted(number: int, noun: str) -> str:
    """ "1 topic", "3 topics"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ok(detail: str) -> Answer:
    """As it has to be."""
    return Answer(Outcome.OK, detail)


def cannot_tell(detail: str, remedy: str) -> Answer:
    """The service does not let itself be asked; that is no reason to call it well."""
    return Answer(Outcome.UNKNOWN, detail, remedy)


def warning(detail: str, remedy: str) -> Answer:
    """Works, but somebody should look at it."""
    return Answer(Outcome.WARNING, detail, remedy)


def failed(detail: str, remedy: str, *, may_pass: bool = False) -> Answer:
    """The pipeline would fail; `may_pass` when doing nothing may cure it."""
    return Answer(Outcome.FAILED, detail, remedy, may_pass)


def failed_with(error: MacdError) -> Answer:
    """The error that a client raised, as an answer."""
    return failed(error.message, error.remedy, may_pass=_may_pass(error))


def _may_pass(error: MacdError) -> bool:
    """HTTP 5xx, and the services' own codes that begin with it (50001), speak of the server's state."""
    if isinstance(error, RequestRejected):
        return (error.code or 0) >= 500 and str(error.code).startswith("5")
    return isinstance(error, ServiceUnreachable | DeadlineExceeded)


@dataclass(frozen=True)
class Check:
    """One question. `look` changes nothing and may raise a MacdError, which is a failure.

    Where an `essential` check fails, the ones after it have nobody to ask and are left out.
    """

    name: str
    look: Callable[[], Answer]
    essential: bool = False


class CheckOutcome(BaseModel):
    """One line of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str
    check: str
    outcome: Outcome
    detail: str
    remedy: str = ""
    may_pass: bool = False

    @classmethod
    def of(cls, service: str, check: str, answer: Answer) -> CheckOutcome:
        """The answer to a service's check."""
        return cls(
            service=service,
            check=check,
            outcome=answer.outcome,
            detail=answer.detail.removeprefix(f"{service}: "),
            remedy=answer.remedy,
            may_pass=answer.may_pass,
        )
