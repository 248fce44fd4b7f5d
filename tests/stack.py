"""The embedded stack as the integration tests see it: a state folder of their own, ports of their own."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from pymongo.database import Database
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.cli.dag_run import DagRun, Snapshot, wait_for_dag
from macd.cli.run import DAG_ID, PARSE_DEADLINE_S, airflow_client
from macd.clients.airflow import Airflow
from macd.clients.mongodb import Document, connected
from macd.local.config import HOST, LocalConfig
from macd.local.supervisor import Supervisor
from macd.quality.report import Report, ReportStore
from macd.settings import REPOSITORY, Settings
from macd.specs import PipelineSpec, Services, load_pipeline, resolve_services
from tests.lanes import ALL, STACKS

MACD = (sys.executable, "-c", "from macd.cli import main; main()")
HOMES = REPOSITORY / ".local-test"
# Below the kernel's ephemeral range, so that no outgoing connection takes a port before its server does. Each
# lane has its own, even while nobody listens on them: what they belong to may be away on purpose.
PORTS = range(28_000, 32_000)
LANE_PORTS = dict(
    zip((ALL, *STACKS), (range(at, at + 2_000) for at in range(20_000, 28_000, 2_000)), strict=True)
)
RUN_DEADLINE_S = 600.0
Found = TypeVar("Found")


def environment(lane: str) -> dict[str, str]:
    """Variables for a lane's stack beside any other one; the cache of downloads is shared."""
    fields = [name for name in LocalConfig.model_fields if name.endswith("_port")]
    found = free_ports(LANE_PORTS[lane])
    ports = {f"MACD_LOCAL_{name.upper()}": str(port) for name, port in zip(fields, found, strict=False)}
    # Waiting is handed to the triggerer here, so that this way of waiting is tested as well.
    return {"MACD_LOCAL_HOME": str(HOMES / lane), "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True", **ports}


def free_ports(among: range = PORTS) -> Iterator[int]:
    """Different ports that nobody listens on; all stay taken until the iterator ends, so none comes twice."""
    with ExitStack() as taken:
        for port in random.sample(among, len(among)):
            candidate = taken.enter_context(closing(socket.socket()))
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            yield port


def macd(*arguments: str, timeout_s: float = RUN_DEADLINE_S) -> subprocess.CompletedProcess[str]:
    """The command line, as a user runs it."""
    return subprocess.run([*MACD, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False)


def until(condition: Callable[[], Found], deadline_s: float = 60.0, every_s: float = 0.2) -> Found:
    """The first truthy answer of `condition`; tenacity.RetryError when there is none in time."""
    waiting = Retrying(
        retry=retry_if_result(lambda found: not found),
        stop=stop_after_delay(deadline_s),
        wait=wait_fixed(every_s),
    )
    return waiting(condition)


@dataclass(frozen=True)
class Stack:
    """A running stack, and the project's pipeline on it."""

    config: LocalConfig
    pipeline: PipelineSpec
    services: Services

    @classmethod
    def connect(cls) -> Stack:
        """The stack that the environment names."""
        settings = Settings()
        pipeline = load_pipeline(settings.include_dir, settings.target)
        return cls(LocalConfig.load(), pipeline, resolve_services(pipeline.target, os.environ))

    @cached_property
    def airflow(self) -> Airflow:
        """Airflow, with the pipeline's DAG switched on; not in the lane without it."""
        airflow = airflow_client()
        wait_for_dag(airflow, DAG_ID, PARSE_DEADLINE_S)
        airflow.unpause(DAG_ID)
        return airflow

    @property
    def airflow_url(self) -> str:
        """Where Airflow's UI is."""
        return f"http://{HOST}:{self.config.airflow_port}"

    def start_run(self, dag_id: str = DAG_ID, /, **params: Any) -> DagRun:
        """Triggers a DAG, macd_pipeline unless another is named."""
        wait_for_dag(self.airflow, dag_id, PARSE_DEADLINE_S)
        self.airflow.unpause(dag_id)
        return DagRun.start(self.airflow, dag_id, params)

    def note(self, run: DagRun) -> str:
        """The note of a finished run; the scheduler writes it with the state."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.dag_run_id}"
        return str(self.airflow.request("GET", path)["note"] or "")

    def finish(self, run: DagRun) -> Snapshot:
        """Follows a run to its end."""
        *_, last = run.follow(RUN_DEADLINE_S)
        return last

    def state_of(self, run: DagRun, task_id: str) -> str:
        """A task's state now."""
        found = self.airflow.task_runs(run.dag_id, run.dag_run_id)
        return found[task_id].state if task_id in found else "none"

    def log(self, run: DagRun, task_id: str) -> str:
        """The log of a task's latest try, errors included."""
        task = self.airflow.task_runs(run.dag_id, run.dag_run_id)[task_id]
        return "\n".join("\n".join((line.text, *line.errors)) for line in run.log(task))

    def report(self, run_id: str) -> Report:
        """What was found out about a run."""
        with connected(self.services.mongodb) as database:
            return ReportStore(database).get(run_id)

    def in_collection(self, do: Callable[[Database[Document]], Found]) -> Found:
        """`do` with the pipeline's database."""
        with connected(self.services.mongodb) as database:
            return do(database)

    def documents(self) -> dict[str, Document]:
        """Every stored order by its id."""
        return self.in_collection(
            lambda database: {
                found["_id"]: found for found in database["orders_payments_joined"].find().batch_size(1000)
            }
        )

    def stop(self, component: str) -> None:
        """Stops one component and waits until it is down."""
        supervisor = Supervisor(self.config)
        supervisor.stop(component)
        until(lambda: supervisor.states()[component].is_down)

    def start(self, component: str) -> None:
        """Starts one component and waits until it is healthy."""
        done = macd("local", "up", component)
        assert done.returncode == 0, done.stdout + done.stderr


def run_with_report(*arguments: str) -> tuple[int, Mapping[str, Any]]:
    """`macd run --json`: its exit code and its document."""
    done = macd("run", "--json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def why(outcome: Mapping[str, Any]) -> str:
    """Why such a run failed, whole: pytest cuts a document short."""
    failures = (
        "\n".join([f"{each['task_id']}: {each['error']}", *each["log"]]) for each in outcome["failures"]
    )
    return "\n".join([outcome["state"], *failures])
