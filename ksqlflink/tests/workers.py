"""The jar of these sources, and one worker for all tests that need one."""

from __future__ import annotations

import atexit
import os
import subprocess
from functools import cache
from pathlib import Path

from ksqlflink.worker.jar import command
from ksqlflink.worker.process import Worker

JAVA = Path(__file__).resolve().parents[1] / "java"


def built() -> Path:
    """The jar: built by Maven if it is missing or older than the sources."""
    if given := os.environ.get("KSQLFLINK_JAR"):
        return Path(given)
    jar = JAVA / "target" / "ksqlflink.jar"
    sources = [JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.java")]
    if not jar.is_file() or jar.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        maven = ["mvn", "--batch-mode", "--quiet", "--file", JAVA / "pom.xml", "package"]
        done = subprocess.run([*maven, "-Dmaven.test.skip=true"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
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
