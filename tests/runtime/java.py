"""The checks of the Java runtime under local/maven/ksqlflink/src/test, compiled with what they check."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from macd.local.config import MAVEN_PROJECTS, LocalConfig

SOURCES = MAVEN_PROJECTS / "ksqlflink" / "src"
# They run for a moment only: optimising would cost more than it gains.
_QUICK = "-XX:TieredStopAtLevel=1"


@dataclass(frozen=True)
class Checks:
    """Compiled checks; they are of the sources as they are, whichever jar the cache holds."""

    class_path: str

    @classmethod
    def compile(cls, folder: Path) -> Checks:
        """Compile all checks into a folder, against the jars of the cache."""
        cache = LocalConfig.load().cache
        jars = (cache / "flink" / "*", *sorted((cache / "kafka").glob("kafka-clients-*.jar")))
        class_path = os.pathsep.join(map(str, (folder, *jars)))
        checks = sorted((SOURCES / "test" / "java").rglob("*.java"))
        command = ("javac", f"-J{_QUICK}", "-proc:none", "-d", folder, "-cp", class_path)
        _run(*command, "-sourcepath", SOURCES / "main" / "java", *checks)
        return cls(class_path)

    def run(self, name: str, text: str = "") -> str:
        """Run one of them on a text; it fails the test if its exit code is not 0."""
        return _run("java", _QUICK, "-cp", self.class_path, f"ksqlflink.runtime.{name}", text=text)


def _run(*command: str | Path, text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
