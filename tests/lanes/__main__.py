"""Runs the lanes of `make test` and tells how they ended; what it does not know itself is pytest's."""

from __future__ import annotations

import argparse
import sys
import time

from macd.settings import REPOSITORY
from tests.lanes import NAMES, STACKS, UNIT
from tests.lanes.process import Lane, run, take_one_interrupt
from tests.lanes.report import render

FOLDER = REPOSITORY / ".local-test"
# What needs no stack hardly waits for anything: a core a process.
_SPREAD = ("-n", "logical", "--maxprocesses", "4", "--dist", "worksteal")
_INTERRUPTED = 130


def _lane(name: str, arguments: list[str]) -> Lane:
    results = FOLDER / f"{name}.xml"
    spread = _SPREAD if name == UNIT else ()
    # The settings are said, or else a path of ksqlflink's in TEST_ARGS would bring that package's.
    settings = ["-c", str(REPOSITORY / "pyproject.toml"), "--lane", name, "--no-header"]
    command = [sys.executable, "-m", "pytest", *settings, f"--junitxml={results}"]
    return Lane(name, [*command, *spread, *arguments], FOLDER / f"{name}.log", results)


def main() -> int:
    """The exit code: 0 if every lane passed and there was a test in one."""
    parser = argparse.ArgumentParser(prog="tests.lanes", allow_abbrev=False)
    parser.add_argument("--only", choices=NAMES, action="append", help="run this lane; all unless given")
    chosen, arguments = parser.parse_known_args()
    wanted = chosen.only or NAMES
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    take_one_interrupt()
    began, lanes = time.monotonic(), []
    try:
        for names in ((UNIT,), STACKS):
            together = [_lane(name, arguments) for name in names if name in wanted]
            lanes += together
            run(together)
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        print(render(lanes, time.monotonic() - began), flush=True)
    return _exit_code(lanes)


def _exit_code(lanes: list[Lane]) -> int:
    """The first that tells of something; a lane that TEST_ARGS leave nothing to do does not."""
    told = [lane.code for lane in lanes if not lane.was_idle]
    return next((code for code in told if code), 0 if told else lanes[0].code)


if __name__ == "__main__":
    sys.exit(main())
