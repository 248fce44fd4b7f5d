"""What runs, how it feels, and what it takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from macd.local.component import Component
from macd.local.config import LocalConfig
from macd.local.probes import reason
from macd.local.supervisor import ProcessState, log_path

STOPPED = ProcessState(name="", state="STOPPED", pid=0, uptime_seconds=0, description="")


@dataclass(frozen=True)
class Row:
    """One component. `health` is `healthy`, `-` (does not run) or the reason why not; memory in MB (PSS)."""

    component: str
    title: str
    state: str
    health: str
    port: int | None
    pid: int | None
    memory_mb: int | None
    uptime_seconds: int
    log: str

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)

    @property
    def is_well(self) -> bool:
        """Healthy, or not meant to run."""
        return self.health == "healthy" or self.state == "stopped"


def rows(config: LocalConfig, components: list[Component], states: dict[str, ProcessState]) -> list[Row]:
    """One row a component, in the given order; the probes run side by side."""
    with ThreadPoolExecutor(len(components) or 1) as pool:
        return list(pool.map(lambda c: _row(config, c, states.get(c.name, STOPPED)), components))


def _row(config: LocalConfig, component: Component, state: ProcessState) -> Row:
    return Row(
        component=component.name,
        title=component.title,
        state=state.state.lower(),
        health=_health(component) if state.is_alive else "-",
        port=config.port(component.ports[0]) if component.ports else None,
        pid=state.pid or None,
        memory_mb=_memory_mb(state.pid) if state.pid else None,
        uptime_seconds=state.uptime_seconds,
        log=str(log_path(config, component.name)),
    )


def _health(component: Component) -> str:
    try:
        component.probe()
    except Exception as problem:  # noqa: BLE001  (whatever a probe raises is the answer)
        return reason(problem)
    return "healthy"


def _memory_mb(pid: int) -> int:
    """Proportional set size of the process and all below it: shared pages are counted once."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(map(_pss, family)) // 2**20


def _pss(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(full, "pss", full.rss))
