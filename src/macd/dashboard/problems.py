"""What readers of the dashboard are told of an error: which service it is, but not where or who logs in."""

from __future__ import annotations

from macd.dashboard.models import Problem
from macd.errors import AuthenticationFailed, Busy, MacdError, RunNotFound, ServiceError, ServiceUnreachable

_REMEDY = "The log of Airflow's API server says why, and what to do."


def problem_of(error: MacdError) -> Problem:
    """Other than messages for operators it names no address, account or file of Airflow's machine."""
    if isinstance(error, RunNotFound | Busy):
        return Problem(error=error.message, remedy=error.remedy)
    if isinstance(error, ServiceError):
        return Problem(error=f"{error.service} {_what_failed(error)}.", remedy=_REMEDY)
    return Problem(error="The dashboard cannot be used as it is set up.", remedy=_REMEDY)


def _what_failed(error: ServiceError) -> str:
    if isinstance(error, ServiceUnreachable):
        return "does not answer"
    if isinstance(error, AuthenticationFailed):
        return "refused the credentials"
    return "refused the question"
