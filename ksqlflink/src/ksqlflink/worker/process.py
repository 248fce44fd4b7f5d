"""One process that answers calls, a JSON object a line each way, and is started again when it dies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ksqlflink.worker.child import Child
from ksqlflink.worker.errors import WorkerDied, WorkerTimeout
from ksqlflink.worker.jar import command as java_command

_LOG = logging.getLogger(__name__)
_CALL_SECONDS = 60.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 10.0
_STATEFUL = "run."

Answer = dict[str, Any]


class Worker:
    """Starts its process with the first call, or by `start`; any number of threads may call at once.

    Calls in flight when the process dies fail with WorkerDied, but those that leave nothing behind are tried
    once more first. A call that is not over in time ends the process: nothing else ends a calculation.
    """

    def __init__(self, command: Callable[[], Sequence[str]] = java_command) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._again = threading.Lock()
        self._child: Child | None = None
        self._closed = threading.Event()
        self._deaths = 0
        self._not_before = 0.0

    def start(self) -> None:
        """Start the process where none runs; a first call then finds it warm."""
        self._running()

    def call(self, op: str, timeout: float = _CALL_SECONDS, **members: Any) -> Answer:
        """Return what the process answers; WorkerRefusal, WorkerDied or WorkerTimeout where it does not."""
        deadline = time.monotonic() + timeout
        request = {"op": op, **members}
        try:
            return self._running(deadline).call(request, deadline)
        except WorkerDied:
            if op.startswith(_STATEFUL) or self._closed.is_set():
                raise
        # One at a time: what ended the process ends no other's second try.
        if not self._again.acquire(timeout=max(deadline - time.monotonic(), 0)):
            raise WorkerTimeout(f"The worker did not finish '{op}' in time.")
        try:
            return self._running(deadline).call(request, deadline)
        finally:
            self._again.release()

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def _running(self, deadline: float | None = None) -> Child:
        with self._lock:
            child = self._child
            if child is None or not child.alive:
                child = self._child = self._started(deadline)
            return child

    def _started(self, deadline: float | None) -> Child:
        if self._child is not None:
            self._count_death(self._child)
        pause = self._not_before - time.monotonic()
        if deadline is not None and self._not_before > deadline:
            raise WorkerDied(f"The worker died {self._deaths} times; it is started again in {pause:.0f} s.")
        if self._closed.wait(max(pause, 0.0)):
            raise WorkerDied("The worker has been stopped.")
        return Child(self._command())

    def _count_death(self, dead: Child) -> None:
        """The more often it dies without having answered anything, the longer it stays dead."""
        self._deaths = 1 if dead.answered else self._deaths + 1
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (self._deaths - 1), _LONGEST_PAUSE_SECONDS)
        self._not_before = time.monotonic() + pause
        self._child = None
        _LOG.warning("the worker ended (%s); it is started again in %.1f s", dead.ending, pause)

    def close(self) -> None:
        """End the process and every call that it has."""
        self._closed.set()
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.close()
