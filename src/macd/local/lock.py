"""One `up`, `down` or `reset` at a time in a state folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from macd.errors import EnvironmentNotReady


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel releases it with the process, so none is ever stale."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise EnvironmentNotReady(
                f"Another `macd local` command (process {file.read().strip()}) is working on this stack.",
                remedy="Wait until it has ended, then run this again.",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
