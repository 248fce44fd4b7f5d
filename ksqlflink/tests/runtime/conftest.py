"""The Java runtime of ksqlflink without Flink around it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Java:
    """The worker, asked one thing after the other."""

    def __init__(self, jar: Path) -> None:
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", jar, "ksqlflink.worker.Main"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="ascii")

    def asked(self, op: str, **members: Any) -> str:
        """The answer as it stands on its line."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"id": 0, "op": op, **members}) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


@pytest.fixture(scope="session")
def java(jar: Path) -> Iterator[Java]:
    started = Java(jar)
    yield started
    started.close()
