"""What the engine's tests share: its jar, and an engine that runs tests and cases in the worker."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ksqlflink.testing.server import Engine

JAVA = Path(__file__).resolve().parents[1] / "java"


@pytest.fixture(scope="session")
def jar() -> Path:
    """The jar of these sources: built if it is missing or older than they are."""
    if given := os.environ.get("KSQLFLINK_JAR"):
        return Path(given)
    built = JAVA / "target" / "ksqlflink.jar"
    sources = [JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.java")]
    if not built.is_file() or built.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        command = [
            "mvn",
            "--batch-mode",
            "--quiet",
            "--file",
            JAVA / "pom.xml",
            "package",
            "-Dmaven.test.skip=true",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    return built


@pytest.fixture(scope="session")
def engine(jar: Path) -> Iterator[Engine]:
    """One worker for all tests that run statements without services."""
    with Engine() as engine:
        yield engine
