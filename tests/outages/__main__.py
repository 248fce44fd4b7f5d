"""`python -m tests.outages [FILTER ...]`: plays the matrix of outages on a stack of its own; prints a table.

FILTER is a part, `stop`, `kill` or a share in per cent; without any all 42 are played, which takes an hour.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile

from macd.local.config import LocalConfig
from macd.settings import Settings
from macd.specs import load_pipeline, resolve_services
from tests.outages.outage import Outage, Stage
from tests.stack import MACD, environment, macd

COMPONENTS = (
    "kafka",
    "registry",
    "ksqldb",
    "flink-taskmanager",
    "flink-jobmanager",
    "connect",
    "mongodb",
)
SHARES = (0.02, 0.3, 0.85)


def matrix(wanted: set[str]) -> list[Outage]:
    """The outages that every filter of a kind lets through."""
    cells = itertools.product(COMPONENTS, ("stop", "kill"), SHARES)
    return [
        Outage(component, how, share)
        for component, how, share in cells
        if _among(component, wanted, COMPONENTS)
        and _among(how, wanted, ("stop", "kill"))
        and _among(f"{share:.0%}".rstrip("%"), wanted, ("2", "30", "85"))
    ]


def _among(value: str, wanted: set[str], kind: tuple[str, ...]) -> bool:
    asked = wanted & set(kind)
    return not asked or value in asked


def main() -> int:
    """Exit code 0 when every run healed in time."""
    with tempfile.TemporaryDirectory(prefix="macd-outages-") as home:
        os.environ |= environment() | {"MACD_LOCAL_HOME": home}
        try:
            subprocess.run([*MACD, "local", "up", "--without", "airflow"], check=True, stdout=sys.stderr)
            assert macd("apply").returncode == 0
            return play(matrix(set(sys.argv[1:])))
        finally:
            subprocess.run([*MACD, "local", "down"], check=True, stdout=sys.stderr)


def play(outages: list[Outage]) -> int:
    """Prints a row as soon as it is known."""
    settings = Settings()
    target = load_pipeline(settings.include_dir, settings.target).target
    stage = Stage(LocalConfig.load(), resolve_services(target, os.environ))
    failures = 0
    print("| part | outage | at (struck at) | settled after its return | |\n|---|---|---|---|---|")
    for outage in outages:
        outcome = stage.play(outage)
        failures += not outcome.healed
        print(outcome, flush=True)
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
