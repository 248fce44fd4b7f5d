"""Turns macd's errors into Airflow's, so that only failures that may pass are retried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from macd.errors import AuthenticationFailed, MacdError, PlanBlocked, QualityCheckFailed, SpecError

# Doing the same again gives the same answer: somebody has to change something first.
NOT_CURED_BY_A_RETRY = (SpecError, PlanBlocked, AuthenticationFailed, QualityCheckFailed)


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Raises AirflowFailException (no retry) or AirflowException (retried) with message and remedy."""
    try:
        yield
    except NOT_CURED_BY_A_RETRY as error:
        raise AirflowFailException(str(error)) from error
    except MacdError as error:
        raise AirflowException(str(error)) from error
