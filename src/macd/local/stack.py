"""Bringing the local stack up and down, in the order its components need one another."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import psutil

from macd.local import lock, preflight, strays
from macd.local.catalog import catalog, expand
from macd.local.component import Component, levels, with_needs
from macd.local.config import LocalConfig
from macd.local.files import make_private
from macd.local.jvm import keep_archives
from macd.local.maven import Fetching
from macd.local.startup import POLL_SECONDS, Report, Startup
from macd.local.status import Row, rows
from macd.local.supervisor import ProcessState, Supervisor

STOP_MARGIN_SECONDS = 10


class Stack:
    """The stack of one state folder.

    `report(component, message)` receives the progress; `components` are those of the catalog unless given.
    """

    def __init__(
        self,
        config: LocalConfig,
        report: Report = lambda _name, _message: None,
        components: Mapping[str, Component] | None = None,
    ) -> None:
        self.config = config
        self.catalog = components or catalog(config)
        self.supervisor = Supervisor(config)
        self._report = report

    def up(self, names: Iterable[str] = (), without: Iterable[str] = ()) -> None:
        """Start the named components (all when none is named) and what they need; wait until healthy."""
        wanted = self.select(names, without)
        self._make_private()
        with lock.held(self.config.run):
            if not self.supervisor.is_running():
                self._end_strays()
            # Nothing can be done to a process that is on its way down except wait for it.
            self._await_stop([name for name, state in self._states() if state.is_stopping])
            preflight.check(self.config, wanted, self._running())
            # What has its jars already starts while Maven still works on the others.
            with self._fetching(wanted) as fetching:
                self.supervisor.ensure(self.catalog.values())
                Startup(self.supervisor, wanted, self._report, lambda c: fetching.is_there(c.jars)).run()

    def _make_private(self) -> None:
        """Keep other users of this machine from the secrets and data, and from changing what is run."""
        make_private(self.config.home, "MACD_LOCAL_HOME")
        make_private(self.config.cache, "MACD_LOCAL_CACHE")

    def select(self, names: Iterable[str], without: Iterable[str] = ()) -> list[Component]:
        """The components meant by these names, with all they need, minus `without`."""
        chosen = expand(names, self.catalog) or list(self.catalog)
        left_out = set(expand(without, self.catalog))
        return [c for c in with_needs(chosen, self.catalog) if c.name not in left_out]

    def fetch(self) -> None:
        """Provide all jars that are not in the cache yet."""
        everything = list(self.catalog.values())
        self._make_private()
        preflight.check_tools(self.config, everything)
        with self._fetching(everything) as fetching:
            fetching.wait_for({jar for component in everything for jar in component.jars})

    def _fetching(self, components: Iterable[Component]) -> Fetching:
        names = {jar for component in components for jar in component.jars}
        return Fetching(names, self.config.cache, self._report)

    def down(self) -> None:
        """Stop everything in reverse order, leaving no process behind; the data stays."""
        with lock.held(self.config.run):
            if self.supervisor.is_running():
                self._stop_in_order(self._running())
                self._end_supervisor()
            self._end_strays()
            keep_archives(self.config)

    def restart(self, names: Iterable[str]) -> None:
        """Stop the named components, those that rest on others first, and start them again."""
        chosen = expand(names, self.catalog)
        with lock.held(self.config.run):
            self._stop_in_order(self._running().intersection(chosen))
        self.up(chosen)

    def reset(self) -> None:
        """Stop everything and delete data, logs and configuration; the cache of jars stays."""
        self.down()
        shutil.rmtree(self.config.home)

    def status(self) -> list[Row]:
        """One row a component."""
        return rows(self.config, list(self.catalog.values()), self.supervisor.states())

    def orphans(self) -> list[int]:
        """Ids of processes that outlived their supervisord; the table cannot know them by name."""
        return [] if self.supervisor.is_running() else [p.pid for p in strays.find(self.config.home)]

    def logs(self, names: Iterable[str] = ()) -> list[Path]:
        """The log files of the named components (all when none is named) that exist."""
        chosen = expand(names, self.catalog) or list(self.catalog)
        return [path for name in chosen if (path := self.supervisor.log_path(name)).is_file()]

    def _states(self) -> Iterable[tuple[str, ProcessState]]:
        return self.supervisor.states().items()

    def _running(self) -> set[str]:
        return {name for name, state in self._states() if state.is_alive}

    def _end_strays(self) -> None:
        if ended := strays.end(self.config.home):
            self._report("strays", f"ended {len(ended)} processes left over from an earlier run")

    def _stop_in_order(self, chosen: Collection[str]) -> None:
        depth = levels(self.catalog.values())
        for level in sorted(set(depth.values()), reverse=True):
            names = [name for name in chosen if depth.get(name) == level]
            for name in names:
                self.supervisor.stop(name)
            self._await_stop(names)

    def _await_stop(self, names: list[str]) -> None:
        limit = max((self.catalog[name].stop_seconds for name in names), default=0) + STOP_MARGIN_SECONDS
        deadline = time.monotonic() + limit
        while not self._are_down(names):
            if time.monotonic() > deadline:
                return  # supervisord has sent SIGKILL by now; what is left is ended as a stray
            time.sleep(POLL_SECONDS)
        for name in names:
            self._report(name, "stopped")

    def _are_down(self, names: list[str]) -> bool:
        states = self.supervisor.states()
        return all(states[name].is_down for name in names)

    def _end_supervisor(self) -> None:
        process = psutil.Process(self.supervisor.pid())
        self.supervisor.shutdown()
        psutil.wait_procs([process], timeout=STOP_MARGIN_SECONDS)
