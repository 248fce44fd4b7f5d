"""`python -m tests.faults [--count N] [--seed N] [--case N:KIND] [KIND ...]`: prints faults that are missed.

It starts a stack of its own; with MACD_TEST_STACK=running it uses the one that runs, on which
no other faults of the same seed may have been played.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from macd.clients.mongodb import connected
from macd.settings import Settings
from macd.specs import load_pipeline, resolve_services
from tests.faults.play import KINDS, Case, Player, cases
from tests.faults.stage import Stage
from tests.stack import MACD, environment, macd

BY_NAME = {kind.__name__: kind for kind in KINDS}


def main() -> int:
    """Exit code 0 when every fault was found for what it is, and nothing besides."""
    asked = _arguments()
    print(f"seed {asked.seed}", flush=True)
    chosen = asked.case or cases(asked.seed, asked.count, [BY_NAME[name] for name in asked.kinds] or KINDS)
    with _stack():
        return _play([_case(asked.seed, each) if isinstance(each, str) else each for each in chosen])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--case", action="append", metavar="N:KIND", help="one case of the seed")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(BY_NAME))
    asked = parser.parse_args()
    if unknown := set(asked.kinds) - BY_NAME.keys():
        parser.error(f"there are no faults {', '.join(sorted(unknown))}")
    return asked


def _case(seed: int, text: str) -> Case:
    number, name = text.split(":")
    return Case(seed, int(number), BY_NAME[name])


@contextmanager
def _stack() -> Iterator[None]:
    if os.environ.get("MACD_TEST_STACK") == "running":
        yield
        return
    with tempfile.TemporaryDirectory(prefix="macd-faults-") as home:
        os.environ |= environment() | {"MACD_LOCAL_HOME": home}
        try:
            subprocess.run([*MACD, "local", "up", "--without", "airflow"], check=True, stdout=sys.stderr)
            assert macd("apply").returncode == 0
            yield
        finally:
            subprocess.run([*MACD, "local", "down"], check=True, stdout=sys.stderr)


def _play(chosen: list[Case]) -> int:
    settings = Settings()
    pipeline = load_pipeline(settings.include_dir, settings.target)
    services = resolve_services(pipeline.target, os.environ)
    played: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    began = time.monotonic()
    with connected(services.mongodb) as database:
        player = Player(Stage(pipeline, services, database), chosen[0].seed)
        for verdict in player.play(chosen):
            name = verdict.case.kind.__name__
            played[name] += 1
            if verdict.complaints:
                wrong[name] += 1
                print(verdict, flush=True)
            print(f"{played.total()} played, {wrong.total()} wrong", end="\r", file=sys.stderr, flush=True)
    for kind in KINDS:
        if count := played[kind.__name__]:
            print(f"| {kind.__doc__} | {count} | {wrong[kind.__name__] or ''} |")
    seconds = time.monotonic() - began
    print(f"{played.total()} faults in {seconds:.0f} s, {wrong.total()} not found for what they are")
    return min(wrong.total(), 1)


if __name__ == "__main__":
    sys.exit(main())
