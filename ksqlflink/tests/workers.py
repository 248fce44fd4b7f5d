"""The jar of these sources, and one worker for all tests that need one."""

from __future__ import annotations

import atexit
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ksqlflink.worker.jar import command
from ksqlflink.worker.process import Worker

JAVA = Path(__file__).resolve().parents[1] / "java"


@contextmanager
def alone() -> Iterator[None]:
    """Keeps the tests of other processes (pytest-xdist's) from having Maven work in the same folder."""
    with (JAVA / "pom.xml").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def maven(*goals: str) -> None:
    """Runs Maven on these sources; what it says when it fails is told."""
    command = ["mvn", "--batch-mode", "--quiet", "--file", JAVA / "pom.xml", *goals]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def built() -> Path:
    """The jar: built by Maven if it is missing or older than the sources."""
    if given := os.environ.get("KSQLFLINK_JAR"):
        return Path(given)
    jar = JAVA / "target" / "ksqlflink.jar"
    sources = [JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.java")]
    with alone():
        if not jar.is_file() or jar.stat().st_mtime < max(path.stat().st_mtime for path in sources):
            maven("package", "-Dmaven.test.skip=true")
    return jar


@cache
def shared() -> Worker:
    """The worker of this session; its process starts with the first call."""

    def started() -> list[str]:
        built()
        return command()

    worker = Worker(started)
    atexit.register(worker.close)
    return worker
