"""The jar of these sources: built once, however many test processes there are."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

JAVA = Path(__file__).resolve().parents[1] / "java"
_BUILD = ("mvn", "--batch-mode", "--quiet", "package", "-Dmaven.test.skip=true")


def built_jar() -> Path:
    """Return the jar; it is built if it is missing or older than its sources."""
    if given := os.environ.get("KSQLFLINK_JAR"):
        return Path(given)
    built = JAVA / "target" / "ksqlflink.jar"
    sources = [JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.java")]
    with (JAVA / "pom.xml").open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not built.is_file() or built.stat().st_mtime < max(path.stat().st_mtime for path in sources):
            done = subprocess.run(_BUILD, cwd=JAVA, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout
    return built
