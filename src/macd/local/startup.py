"""One `up`: a thread a component, each waiting for what it needs and then for its own health."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from macd.errors import DeadlineExceeded, ServiceError
from macd.local.component import Component
from macd.local.probes import reason
from macd.local.supervisor import ProcessState

Report = Callable[[str, str], None]
POLL_SECONDS = 0.4
LOG_LINES = 15
# One restart can help (a port just being released); dying over and over cannot.
STARTS_ALLOWED = 2


class Processes(Protocol):
    """What is asked of the supervisor here."""

    def states(self) -> dict[str, ProcessState]: ...  # noqa: D102

    def start(self, name: str) -> None: ...  # noqa: D102

    def log_path(self, name: str) -> Path: ...  # noqa: D102


class Startup:
    """Starts components in the order of their needs; the first failure makes the others give up."""

    def __init__(
        self,
        processes: Processes,
        components: list[Component],
        report: Report,
        is_there: Callable[[Component], bool] = lambda _component: True,
    ) -> None:
        """`is_there` says whether what the component is made of has been fetched by now."""
        self._processes = processes
        self._is_there = is_there
        self._components = components
        self._report = report
        self._healthy = {component.name: threading.Event() for component in components}
        self._given_up = threading.Event()
        self._log_starts = {c.name: _size(processes.log_path(c.name)) for c in components}

    def run(self) -> None:
        """Return when all are healthy; raises the first failure."""
        with ThreadPoolExecutor(len(self._components) or 1, thread_name_prefix="up") as pool:
            try:
                futures = [pool.submit(self._bring_up, component) for component in self._components]
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                # Also on Ctrl-C: what has been started goes on, and the next `up` picks it up.
                self._given_up.set()
        for future in done:
            future.result()

    def _bring_up(self, component: Component) -> None:
        if not (self._await_parts(component) and all(map(self._await_need, component.needs))):
            return
        began = time.monotonic()
        was_alive = self._processes.states()[component.name].is_alive
        if not was_alive:
            component.prepare()
            self._processes.start(component.name)
        if not self._await_health(component, began + component.deadline_seconds):
            return
        self._healthy[component.name].set()
        took = f"{time.monotonic() - began:.1f} s"
        self._report(component.name, "healthy already" if was_alive else f"healthy after {took}")

    def _await_parts(self, component: Component) -> bool:
        """False when the whole start has been given up."""
        while not self._is_there(component):
            if self._given_up.wait(POLL_SECONDS):
                return False
        return True

    def _await_need(self, need: str) -> bool:
        """False when the whole start has been given up; what is not part of this start is taken as given."""
        event = self._healthy.get(need)
        while event and not event.wait(POLL_SECONDS):
            if self._given_up.is_set():
                return False
        return True

    def _await_health(self, component: Component, deadline: float) -> bool:
        pids: set[int] = set()
        while not self._given_up.is_set():
            problem = _problem(component)
            if problem is None:
                return True
            state = self._processes.states()[component.name]
            pids |= {state.pid} - {0}
            if state.has_given_up or len(pids) > STARTS_ALLOWED:
                raise self._died(component)
            if time.monotonic() > deadline:
                raise self._late(component, problem)
            self._given_up.wait(POLL_SECONDS)
        return False

    def _died(self, component: Component) -> ServiceError:
        message = f"it ended while starting. The last lines of its log:\n{self._tail(component)}\n"
        return ServiceError(component.title, message, remedy=self._where(component))

    def _late(self, component: Component, problem: Exception) -> DeadlineExceeded:
        message = (
            f"{component.title} was not healthy after {component.deadline_seconds} s: {reason(problem)}."
        )
        tail = f" The last lines of its log:\n{self._tail(component)}\n"
        return DeadlineExceeded(message + tail, remedy=self._where(component))

    def _where(self, component: Component) -> str:
        return f"Read {self._processes.log_path(component.name)}, then run `macd local up` again."

    def _tail(self, component: Component) -> str:
        return tail(self._processes.log_path(component.name), LOG_LINES, self._log_starts[component.name])


def _problem(component: Component) -> Exception | None:
    try:
        component.probe()
        component.settle()
    except Exception as problem:  # noqa: BLE001  (whatever a probe raises means "not yet")
        return problem
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def tail(log: Path, lines: int, start: int = 0) -> str:
    """The last `lines` lines of a log that lie beyond its first `start` bytes; empty when there are none."""
    if not log.is_file():
        return ""
    with log.open(errors="replace") as file:
        # A smaller file has been rotated meanwhile, so all of it is new.
        file.seek(start if _size(log) >= start else 0)
        return "".join(deque(file, maxlen=lines)).rstrip("\n")
