"""One dashboard for as long as the Connections behind it stay what they are."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from airflow.sdk.exceptions import AirflowException

from macd.dashboard.dashboard import Dashboard
from macd.errors import SpecError
from macd.pipeline import Pipeline
from macd.settings import Settings
from macd.specs import PipelineSpec, Services, load_pipeline
from macd_airflow.hooks.services import ConnectionIds

# Seconds. A page asks eight questions at a time; reading five Connections for each would cost more than them.
LOOK_EVERY_S = 15.0
Read = Callable[[], tuple[PipelineSpec, Services]]


def read() -> tuple[PipelineSpec, Services]:
    """include/ and the Connections, as they are now."""
    settings = Settings()
    spec = load_pipeline(settings.include_dir, settings.target)
    try:
        return spec, ConnectionIds().services()
    except AirflowException as error:
        raise SpecError(
            f"A Connection cannot be read: {error}.", remedy="Create it in Airflow (Admin, Connections)."
        ) from error


class Boards:
    """Keeps the latest dashboard, with what it remembers, until what it was made from has changed."""

    def __init__(self, read: Read = read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._made_from: tuple[PipelineSpec, Services] | None = None
        self._board: Dashboard | None = None
        self._until = 0.0

    def get(self) -> Dashboard:
        """The dashboard; a change shows within 15 seconds."""
        with self._lock:
            if self._board is None or self._clock() >= self._until:
                self._board = self._current()
                self._until = self._clock() + LOOK_EVERY_S
            return self._board

    def _current(self) -> Dashboard:
        found = self._read()
        if self._board is not None and found == self._made_from:
            return self._board
        self._made_from = found
        spec, services = found
        return Dashboard(Pipeline(spec, services, os.environ))
