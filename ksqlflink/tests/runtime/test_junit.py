"""JUnit's verdict on the engine's Java."""

from __future__ import annotations

import subprocess
from pathlib import Path

JAVA = Path(__file__).resolve().parents[2] / "java"


def test_the_tests_of_the_engines_java_pass() -> None:
    command = ["mvn", "--batch-mode", "--quiet", "test"]
    done = subprocess.run(command, cwd=JAVA, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
