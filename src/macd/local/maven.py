"""Running Maven: one process a project, several at a time, none of which outlives an interrupt."""

from __future__ import annotations

import fcntl
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from macd.errors import EnvironmentNotReady
from macd.local import jars
from macd.local.config import MAVEN_PROJECTS
from macd.local.jars import JarProject

PARALLEL_BUILDS = 3
ATTEMPTS = 2
LOG_LINES = 15
REPORT_SECONDS = 5.0
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
Report = Callable[[str, str], None]
_DOWNLOADED = re.compile(r"Downloaded from \S+: \S*/(\S+)")


class Fetching:
    """Provides projects in the background while it is open: a context manager around what needs them.

    Left by an error or an interrupt, it ends its Maven processes.
    """

    def __init__(
        self, names: Iterable[str], cache: Path, report: Report, mvn: str = "mvn", root: Path = MAVEN_PROJECTS
    ) -> None:
        self._root = root
        self._names = tuple(names)
        self._cache = cache
        self._report = report
        self._mvn = mvn
        self._lock: IO[str] | None = None
        self._pool = ThreadPoolExecutor(PARALLEL_BUILDS, thread_name_prefix="maven")
        self._futures: dict[str, Future[None]] = {}
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def __enter__(self) -> Self:
        if jars.missing(self._names, self._cache, self._root):
            self._take_lock()
            todo = jars.missing(self._names, self._cache, self._root)
            self._futures = {project.name: self._pool.submit(self._fetch, project) for project in todo}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._ended = True
            for process in list(self._running):
                process.terminate()
        self._pool.shutdown(cancel_futures=kind is not None)
        if self._lock:
            self._lock.close()

    def is_there(self, names: Iterable[str]) -> bool:
        """Whether these projects are in the cache by now; raises EnvironmentNotReady when Maven failed."""
        futures = [self._futures[name] for name in names if name in self._futures]
        return all(future.done() and future.result() is None for future in futures)

    def wait_for(self, names: Iterable[str]) -> None:
        """Block until these projects are in the cache; raises EnvironmentNotReady when Maven failed."""
        for name in names:
            if future := self._futures.get(name):
                future.result()

    def _take_lock(self) -> None:
        """Several stacks may share one cache: the second one waits, and then finds nothing left to do."""
        self._cache.mkdir(parents=True, exist_ok=True)
        self._lock = (self._cache / ".lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _fetch(self, project: JarProject) -> None:
        work = jars.work_folder(project, self._cache)
        log = work / "maven.log"
        # A second attempt makes up for a dropped download; what the first one got is in Maven's repository.
        if not any(self._run(project, work, log) for _ in range(ATTEMPTS)):
            raise EnvironmentNotReady(
                f"Maven could not provide the jars of {project.name}:\n{_tail(log)}",
                remedy=f"Check the network and Maven's settings, then run it again; the log is {log}.",
            )
        jars.install(project, work, self._cache)
        self._report(project.name, "ready")

    def _run(self, project: JarProject, work: Path, log: Path) -> bool:
        """Whether Maven succeeded."""
        if self._ended:
            return False
        progress = _Progress(project.name, self._report)
        with log.open("w") as file, _started(self._command(project, work)) as process:
            self._running.add(process)
            if self._ended:
                process.terminate()
            for line in process.stdout or ():
                file.write(line)
                progress.see(line)
        self._running.discard(process)
        return process.returncode == 0

    def _command(self, project: JarProject, work: Path) -> list[str]:
        goals = ["package", "-Dmaven.test.skip=true"]
        if not project.is_build:
            goals = [f"{DEPENDENCY_PLUGIN}:copy-dependencies", f"-DoutputDirectory={work / 'jars'}"]
        # By default a wrong checksum is a warning among a thousand lines.
        return [self._mvn, "--batch-mode", "--strict-checksums", "--file", str(work / "pom.xml"), *goals]


class _Progress:
    """A line every few seconds, not one for each of a thousand files."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self._files = 0
        self._next = 0.0

    def see(self, line: str) -> None:
        match = _DOWNLOADED.search(line)
        self._files += bool(match)
        if match and time.monotonic() >= self._next:
            self._report(self._name, f"downloading, {self._files} files so far, now {match.group(1)}")
            self._next = time.monotonic() + REPORT_SECONDS


def _started(command: list[str]) -> subprocess.Popen[str]:
    pipe, merged, nothing = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
    return subprocess.Popen(command, text=True, stdin=nothing, stdout=pipe, stderr=merged)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-LOG_LINES:]) if log.is_file() else ""
