"""The Java parts: fetched and built by Maven once, kept in the cache, and recognised by a stamp.

<cache>/<project>/*.jar     one folder a project under local/maven
<cache>/<project>/.stamp    hash of that project's sources: a changed pom makes the folder stale
<cache>/build/<project>/    where Maven works; renamed into place only when complete
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from macd.errors import EnvironmentNotReady
from macd.local.config import MAVEN_PROJECTS

PARALLEL_BUILDS = 3
ATTEMPTS = 2
LOG_LINES = 15
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
Report = Callable[[str, str], None]
_DOWNLOADED = re.compile(r"Downloaded from \S+: \S*/(\S+)")


@dataclass(frozen=True)
class JarProject:
    """A Maven project whose jars make up one folder of the cache."""

    name: str
    sources: Path

    @property
    def is_build(self) -> bool:
        """Whether there is something to package; the other projects only collect dependencies."""
        return (self.sources / "src").is_dir()

    def stamp(self) -> str:
        """Hash over the names and contents of the project's files."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.sources.rglob("*") if path.is_file()):
            digest.update(str(path.relative_to(self.sources)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


def projects(root: Path = MAVEN_PROJECTS) -> dict[str, JarProject]:
    """All Maven projects, those that build something first because they take longest."""
    poms = sorted(root.rglob("pom.xml"))
    found = [JarProject(pom.parent.relative_to(root).as_posix(), pom.parent) for pom in poms]
    return {project.name: project for project in sorted(found, key=lambda project: not project.is_build)}


def is_cached(project: JarProject, cache: Path) -> bool:
    """Whether the cache holds this project as it is now."""
    stamp = cache / project.name / ".stamp"
    return stamp.is_file() and stamp.read_text() == project.stamp()


def missing(names: Iterable[str], cache: Path, root: Path = MAVEN_PROJECTS) -> list[JarProject]:
    """The named projects that still have to be fetched or built."""
    wanted = set(names)
    return [p for p in projects(root).values() if p.name in wanted and not is_cached(p, cache)]


def fetch(names: Iterable[str], cache: Path, report: Report, mvn: str = "mvn") -> None:
    """Provide the named projects, several at a time; raises the first failure after the others ended."""
    names = tuple(names)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        # Several stacks share one cache: the second one waits, and then finds nothing left to do.
        fcntl.flock(lock, fcntl.LOCK_EX)
        Maven(cache, report, mvn).fetch(missing(names, cache))


class Maven:
    """Runs one Maven process a project and keeps hold of them, so that none outlives an interrupt."""

    def __init__(self, cache: Path, report: Report, mvn: str = "mvn") -> None:
        self._cache = cache
        self._report = report
        self._mvn = mvn
        self._running: set[subprocess.Popen[str]] = set()

    def fetch(self, todo: list[JarProject]) -> None:
        """Fetch or build each project into the cache."""
        with ThreadPoolExecutor(PARALLEL_BUILDS) as pool:
            futures = [pool.submit(self._fetch_one, project) for project in todo]
            try:
                wait(futures)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list(self._running):
                    process.terminate()
                raise
        for future in futures:
            future.result()

    def _fetch_one(self, project: JarProject) -> None:
        work = self._cache / "build" / project.name
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(project.sources, work)
        self._run(project, work)
        jars = _collect(project, work)
        (jars / ".stamp").write_text(project.stamp())
        target = self._cache / project.name
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        jars.rename(target)
        shutil.rmtree(work, ignore_errors=True)
        self._report(project.name, "ready")

    def _run(self, project: JarProject, work: Path) -> None:
        goals = ["package"]
        if not project.is_build:
            goals = [f"{DEPENDENCY_PLUGIN}:copy-dependencies", f"-DoutputDirectory={work / 'jars'}"]
        command = [self._mvn, "--batch-mode", "--file", str(work / "pom.xml"), *goals]
        log = work / "maven.log"
        # A second attempt makes up for a dropped download; what the first one got is in Maven's repository.
        if any(self._stream(command, log, project.name) == 0 for _ in range(ATTEMPTS)):
            return
        tail = "\n".join(log.read_text().splitlines()[-LOG_LINES:])
        raise EnvironmentNotReady(
            f"Maven could not provide the jars of {project.name}:\n{tail}",
            remedy=f"Check the network and Maven's settings, then run it again; the log is {log}.",
        )

    def _stream(self, command: list[str], log: Path, name: str) -> int:
        with log.open("w") as file, _started(command) as process:
            self._running.add(process)
            for line in process.stdout or ():
                file.write(line)
                if match := _DOWNLOADED.search(line):
                    self._report(name, match.group(1))
        self._running.discard(process)
        return process.returncode


def _started(command: list[str]) -> subprocess.Popen[str]:
    pipe, merged, nothing = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
    return subprocess.Popen(command, text=True, stdin=nothing, stdout=pipe, stderr=merged)


def _collect(project: JarProject, work: Path) -> Path:
    """The folder that becomes the cache entry: the jars, and single-file Java programs beside them."""
    jars = work / "jars"
    jars.mkdir(exist_ok=True)
    if project.is_build:
        for built in ("registry-1-runner.jar", "lib"):
            (work / "target" / built).rename(jars / built)
    for source in project.sources.glob("*.java"):
        shutil.copy(source, jars)
    if (project.sources / "META-INF").is_dir():
        # Connect finds plugins by such a manifest at once; without one it has to look into every class.
        with zipfile.ZipFile(jars / "plugin-manifest.jar", "w") as manifest:
            for path in (project.sources / "META-INF").rglob("*"):
                manifest.write(path, path.relative_to(project.sources))
    return jars
