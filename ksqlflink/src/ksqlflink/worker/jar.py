"""How the worker's JVM is started: the jar, the java, their options."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from ksqlflink.errors import ServerProblem

_MAIN = "ksqlflink.worker.Main"
_FLAGS = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    # The JIT's first tier is enough for what clients ask for, and warm after a hundred calls, not thousands.
    "-XX:TieredStopAtLevel=1",
    # Out of memory it ends at once and is started again, instead of failing here and there.
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+DisplayVMOutputToStderr",
)
_OLDEST_JAVA = 17
_PACKAGE = Path(__file__).resolve().parent.parent


def jar() -> Path:
    """Return ksqlflink.jar: KSQLFLINK_JAR, or that of the installed package, or that of the source tree."""
    given = os.environ.get("KSQLFLINK_JAR")
    packaged, built = _PACKAGE / "jar" / "ksqlflink.jar", _PACKAGE.parents[1] / "java/target/ksqlflink.jar"
    for place in (Path(given),) if given else (packaged, built):
        if place.is_file():
            return place
    raise ServerProblem(
        f"There is no ksqlflink.jar at {given or built}: build it (mvn -f ksqlflink/java package),"
        " or name it in KSQLFLINK_JAR."
    )


def java() -> str:
    """Return the java of JAVA_HOME, or else of the PATH, when it is new enough."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None or _version(program) < _OLDEST_JAVA:
        remedy = "install it, or let JAVA_HOME lead to it."
        raise ServerProblem(f"Java {_OLDEST_JAVA} or newer is needed and {program or 'none'} found: {remedy}")
    return program


@cache
def _version(program: str) -> int:
    """The major version; 0 when it cannot be read. Java 8 calls itself 1.8."""
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else 0


def command() -> list[str]:
    """Return the command line of the worker's JVM."""
    return [java(), *_FLAGS, "-cp", str(jar()), _MAIN]
