"""Processes of a stack whose supervisord is gone (killed, crashed): found by their environment, and ended."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from macd.local.supervisor import MARKER

GRACE_SECONDS = 15


def find(home: Path) -> list[psutil.Process]:
    """This user's processes that carry the marker of the stack in `home`, except this one."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARKER) == str(home)
        except (psutil.Error, OSError):
            continue
        if marked and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def end(home: Path) -> list[int]:
    """Terminate the strays, kill those that stay; returns their process ids."""
    ended = []
    # A dying process may leave a child that was not there at the first look.
    while processes := find(home):
        for process in processes:
            _signal(process, "terminate")
        _, alive = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
        for process in alive:
            _signal(process, "kill")
        psutil.wait_procs(alive, timeout=GRACE_SECONDS)
        ended += [process.pid for process in processes]
    return ended


def _signal(process: psutil.Process, method: str) -> None:
    try:
        getattr(process, method)()
    except psutil.NoSuchProcess:
        return
