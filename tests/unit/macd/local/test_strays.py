from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from macd.local import strays
from macd.local.supervisor import MARKER

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def stray(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN],
        env=os.environ | {MARKER: str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_finds_only_processes_of_its_own_stack(tmp_path: Path, stray: subprocess.Popen[str]) -> None:
    assert [process.pid for process in strays.find(tmp_path)] == [stray.pid]
    assert strays.find(tmp_path / "other") == []


def test_ends_even_one_that_ignores_the_polite_request(
    tmp_path: Path, stray: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "GRACE_SECONDS", 0.5)
    assert strays.end(tmp_path) == [stray.pid]
    assert strays.find(tmp_path) == []
