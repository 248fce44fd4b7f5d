"""Turns macd's errors into Airflow's, so that only failures that may pass are retried."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from macd.errors import (
    AuthenticationFailed,
    MacdError,
    PlanBlocked,
    PreflightBlocked,
    QualityCheckFailed,
    SpecError,
)

log = logging.getLogger(__name__)
# Doing the same again gives the same answer: somebody has to change something first.
NOT_CURED_BY_A_RETRY = (SpecError, PlanBlocked, PreflightBlocked, AuthenticationFailed, QualityCheckFailed)


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Raises AirflowFailException (no retry) or AirflowException (retried) with message and remedy.

    The chain of causes goes to the debug log: under an expected failure it would bury the remedy.
    """
    try:
        yield
    except MacdError as error:
        log.debug("Caused by", exc_info=error)
        final = isinstance(error, NOT_CURED_BY_A_RETRY)
        raise (AirflowFailException if final else AirflowException)(str(error)) from None
