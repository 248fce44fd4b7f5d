"""The checks of our Java code under local/maven/*/src/test, compiled with what they check."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from macd.local.config import MAVEN_PROJECTS, LocalConfig

# They run for a moment only: optimising would cost more than it gains.
_QUICK = "-XX:TieredStopAtLevel=1"
# What a plugin finds in a Connect worker.
_WORKERS = ("kafka-clients", "connect-api", "slf4j-api")


@dataclass(frozen=True)
class Checks:
    """Compiled checks of a package; they are of the sources as they are, whichever jar the cache holds."""

    class_path: str
    package: str

    @classmethod
    def compile(cls, folder: Path, project: str, package: str, libraries: str = "flink") -> Checks:
        """Compile all checks of a Maven project, with a folder of the cache and what Kafka brings."""
        sources = MAVEN_PROJECTS / project / "src"
        cache = LocalConfig.load().cache
        kafka = (jar for name in _WORKERS for jar in (cache / "kafka").glob(f"{name}-*"))
        jars = (cache / libraries / "*", *kafka)
        class_path = os.pathsep.join(map(str, (folder, *jars)))
        checks = sorted((sources / "test" / "java").rglob("*.java"))
        command = ("javac", f"-J{_QUICK}", "-proc:none", "-d", folder, "-cp", class_path)
        _run(*command, "-sourcepath", sources / "main" / "java", *checks)
        return cls(class_path, package)

    def run(self, name: str, text: str = "", *arguments: str) -> str:
        """Run one of them on a text; it fails the test if its exit code is not 0."""
        check = f"{self.package}.{name}"
        return _run("java", _QUICK, "-cp", self.class_path, check, *arguments, text=text)


def _run(*command: str | Path, text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
