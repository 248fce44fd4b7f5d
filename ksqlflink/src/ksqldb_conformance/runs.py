"""The replays behind a test session."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from functools import cached_property

from .case import Case, Level
from .replay import Limits, run_cases
from .rest_replay import run_stories
from .result import Result
from .services import Services

CONCURRENCY = 3


class Runs:
    """Replays that start when first asked for; the story never runs beside data cases."""

    def __init__(self, services: Services, cases: Sequence[Case], level: Level) -> None:
        self._services = services
        self._cases = cases
        self._level = level

    @cached_property
    def _started(self) -> dict[str, Future[Result]]:
        concurrency = int(os.environ.get("KSQLDB_CONFORMANCE_CONCURRENCY", CONCURRENCY))
        return run_cases(self._services, self._cases, Limits(), concurrency)

    def case(self, name: str) -> Result:
        """Verdict on one data case."""
        return self._started[name].result()

    @cached_property
    def story(self) -> dict[str, Result]:
        """Verdicts on the files of the REST story by name."""
        if "_started" in self.__dict__:
            for future in self._started.values():
                future.result()
        return {result.name: result for result in run_stories(self._services, self._level, lambda _: None)}
