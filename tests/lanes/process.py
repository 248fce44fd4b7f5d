"""Lanes as processes: started together, shown as they go, stopped together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

_SCREEN = Lock()
# What pytest exits with where nothing was selected.
_NO_TESTS = 5
_WIDTH = 9
# What librdkafka says of its own accord about brokers that tests have taken away is in the log only.
_NOISE = re.compile(r"%\d\|")


@dataclass
class Lane:
    """A pytest of its own. All that it says is in `log`; its results are in `results` once it has ended."""

    name: str
    command: Sequence[str]
    log: Path
    results: Path
    code: int = -1

    @property
    def was_idle(self) -> bool:
        """Whether it had nothing to run."""
        return self.code == _NO_TESTS


class _Running:
    """A lane's process in a session of its own, so that a Ctrl-C reaches it once and by way of us only."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        lane.results.unlink(missing_ok=True)
        # pytest knows no terminal here, and is to say at once what it has to say.
        self._process = subprocess.Popen(
            lane.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "110"},
            start_new_session=True,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def interrupt(self) -> None:
        """As Ctrl-C would: pytest then stops the stack that it has started."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Until it has ended; ends what a test of it has left running."""
        self._lane.code = self._process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._reader.join()

    def _read(self) -> None:
        """Shows results as they come, and in one piece at the end what is told of them."""
        held: list[str] = []
        with self._lane.log.open("w") as log, self._process.stdout as lines:
            for line in lines:
                log.write(line)
                log.flush()
                if _NOISE.match(line):
                    continue
                if held or (line.startswith("=") and "session starts" not in line):
                    held.append(line)
                else:
                    self._show([line])
        self._show(held)

    def _show(self, lines: list[str]) -> None:
        with _SCREEN:
            for line in lines:
                print(f"{self._lane.name:<{_WIDTH}}| {line}", end="", flush=True)


def take_one_interrupt() -> None:
    """From now on SIGTERM is one too; a second one of either would end pytest while it stops its stack."""

    def interrupted(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        signal.signal(number, interrupted)


def run(lanes: Sequence[Lane]) -> None:
    """All of them side by side, until the last has ended; an interrupt is passed on and waited for."""
    running: list[_Running] = []
    try:
        for lane in lanes:
            running.append(_Running(lane))
        for each in running:
            each.wait()
    except KeyboardInterrupt:
        print("Interrupted: stopping what was started.", flush=True)
        for each in running:
            each.interrupt()
        for each in running:
            each.wait()
        raise
