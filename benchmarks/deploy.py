"""How long the first deployment of the pipeline's statements takes on a stack that has just started.

    python benchmarks/deploy.py [--against FOLDER] [--rounds 2] [--pause 10]

Starts a stack (Kafka, the registry, Flink, ksqlflink) on this checkout's ports with data of its own, makes
the topics and subjects of include/, and sends the statements of include/ksql one after the other, as `macd
apply` does. Each is timed until it is answered, all together also until every job runs. The processor time
that the stack took meanwhile tells more on a machine that has other work. With --against, the same is done
with the stack of another checkout (which has its own .venv), in turn, and the ratios are printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from macd.clients.ksqldb import FROM_THE_START
from macd.local.config import REPOSITORY, LocalConfig
from macd.pipeline import Pipeline
from macd.plan import plan_schemas, plan_topics
from macd.settings import Settings

PARTS = ("kafka", "registry", "flink", "ksqldb")
RUNNING_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """Seconds: of each statement until its answer, of all until their jobs run, and of the processors."""

    statements: tuple[float, ...]
    running: float
    processors: float

    @property
    def answered(self) -> float:
        """Until the last statement was answered."""
        return sum(self.statements)


def main() -> None:
    """Prints one line a deployment, and the ratio of the medians."""
    arguments = _arguments()
    trees = {"this": REPOSITORY} | ({"other": arguments.against.resolve()} if arguments.against else {})
    found: dict[str, list[Outcome]] = {label: [] for label in trees}
    for _ in range(arguments.rounds):
        for label, tree in trees.items():
            found[label].append(_cold(label, tree, arguments.pause))
    if len(trees) > 1:
        for what in ("answered", "running", "processors"):
            this, other = (statistics.median(getattr(each, what) for each in found[label]) for label in trees)
            print(f"{what}: this {this:.1f} s, other {other:.1f} s, other / this = {other / this:.1f}")


def _cold(label: str, tree: Path, pause: float) -> Outcome:
    """Deploys on a new stack of a checkout, and removes the stack."""
    with tempfile.TemporaryDirectory(prefix="macd-deploy-") as home:
        environment = {**os.environ, **LocalConfig.load().environment(), "MACD_LOCAL_HOME": home}
        # Each checkout has its own jars.
        environment["MACD_LOCAL_CACHE"] = str(tree / ".local-cache")

        def local(*command: str) -> None:
            program = (str(tree / ".venv" / "bin" / "macd"), "local", *command)
            subprocess.run(program, check=True, env=environment, cwd=tree, stdout=subprocess.DEVNULL)

        try:
            local("up", *PARTS)
            time.sleep(pause)
            outcome = _deploy(home)
        finally:
            local("down")
    each = " ".join(f"{seconds:.1f}" for seconds in outcome.statements)
    print(f"{label}: answered after {outcome.answered:.1f} s ({each}), running after {outcome.running:.1f} s")
    print(f"      processor time of the stack {outcome.processors:.1f} s")
    return outcome


def _deploy(home: str) -> Outcome:
    """Sends the statements to the stack that runs with its data in a folder."""
    pipeline = Pipeline.load(Settings())
    for plan in (plan_topics(pipeline.spec, pipeline.kafka), plan_schemas(pipeline.spec, pipeline.registry)):
        plan.apply()
    began, used, seconds = time.perf_counter(), _processors(home), []
    for spec in pipeline.spec.statements:
        sent = time.perf_counter()
        pipeline.ksqldb.execute(spec.sql, {**FROM_THE_START, **spec.properties})
        seconds.append(time.perf_counter() - sent)
    _wait_until_running(sum(spec.has_query for spec in pipeline.spec.statements))
    return Outcome(tuple(seconds), time.perf_counter() - began, _processors(home) - used)


def _processors(home: str) -> float:
    """Processor seconds of the stack's processes so far; each names its folder on its command line."""
    used = 0.0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(home in word for word in process.cmdline()):
                times = process.cpu_times()
                used += times.user + times.system
    return used


def _wait_until_running(jobs: int) -> None:
    url = f"http://127.0.0.1:{LocalConfig.load().flink_port}/jobs/overview"
    deadline = time.monotonic() + RUNNING_S
    while time.monotonic() < deadline:
        listed = requests.get(url, timeout=10).json()["jobs"]
        if sum(0 < job["tasks"]["total"] == job["tasks"]["running"] for job in listed) == jobs:
            return
        time.sleep(0.05)
    raise SystemExit(f"{jobs} jobs do not run within {RUNNING_S:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, help="another checkout with a .venv, such as a git worktree")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--pause", type=float, default=10.0, help="seconds; Airflow takes twice that to start"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
