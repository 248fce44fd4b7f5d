"""Starts a run of a DAG and follows it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.clients.airflow import FINISHED, Airflow, LogLine, TaskRun
from macd.errors import DeadlineExceeded, SpecError

# Short enough that progress looks immediate; two small requests each time.
POLL_S = 0.5
# What Airflow writes last into the log of a task that it was told to stop.
KILLED = "Task killed!"


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment: its state and its tasks, each after those that it depends on."""

    state: str
    tasks: tuple[TaskRun, ...]
    elapsed_s: float

    @property
    def finished(self) -> bool:
        """Whether nothing will happen any more."""
        return self.state in FINISHED

    @property
    def failed(self) -> tuple[TaskRun, ...]:
        """The tasks that failed themselves."""
        return tuple(task for task in self.tasks if task.state == "failed")


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG. `run_id` is the seeding run's: the one asked for, or Airflow's own.

    `started_at` is rounded down to the second, as everything is that the run stores.
    """

    airflow: Airflow
    dag_id: str
    dag_run_id: str
    run_id: str
    task_ids: tuple[str, ...]
    started_at: datetime

    @classmethod
    def start(cls, airflow: Airflow, dag_id: str, params: Mapping[str, Any]) -> DagRun:
        """Triggers the DAG; `params` are those that differ from its defaults."""
        task_ids = airflow.task_ids(dag_id)
        started_at = datetime.now(UTC).replace(microsecond=0)
        dag_run_id = airflow.trigger(dag_id, params)
        run_id = str(params.get("run_id") or dag_run_id)
        return cls(airflow, dag_id, dag_run_id, run_id, task_ids, started_at)

    @classmethod
    def of(cls, airflow: Airflow, dag_id: str, dag_run_id: str) -> DagRun:
        """A run that somebody else has triggered, under an id of its own."""
        started_at = datetime.now(UTC).replace(microsecond=0)
        return cls(airflow, dag_id, dag_run_id, dag_run_id, airflow.task_ids(dag_id), started_at)

    @property
    def url(self) -> str:
        """Its page in the UI."""
        return self.airflow.run_url(self.dag_id, self.dag_run_id)

    def follow(self, deadline_s: float) -> Iterator[Snapshot]:
        """A snapshot twice a second, the last one when the run has finished; DeadlineExceeded otherwise."""
        began = time.monotonic()
        while True:
            elapsed = time.monotonic() - began
            snapshot = self._look(elapsed)
            yield snapshot
            if snapshot.finished:
                return
            if elapsed > deadline_s:
                raise self._too_late(snapshot)
            time.sleep(POLL_S)

    def stop(self, limit_s: float) -> bool:
        """Sets the run to failed; whether all that ran in it had ended within `limit_s` seconds."""
        running = {task.task_id for task in self._look(0).tasks if task.state == "running"}
        self.airflow.fail(self.dag_id, self.dag_run_id)
        waiting = Retrying(
            retry=retry_if_result(lambda ended: not ended),
            stop=stop_after_delay(limit_s),
            wait=wait_fixed(POLL_S),
            retry_error_callback=lambda _: False,
        )
        return bool(waiting(self._has_ended, running))

    def _has_ended(self, running: set[str]) -> bool:
        """In the database a task has failed at once; only its log tells that its process is gone."""
        now = self._look(0)
        cut_off = [task for task in now.failed if task.task_id in running]
        return now.finished and all(KILLED in (line.text for line in self.log(task)) for task in cut_off)

    def log(self, task: TaskRun) -> tuple[LogLine, ...]:
        """The log of a task's latest try."""
        return self.airflow.log(self.dag_id, self.dag_run_id, task)

    def task_url(self, task: TaskRun) -> str:
        """The task's page in the UI."""
        return self.airflow.task_url(self.dag_id, self.dag_run_id, task.task_id)

    def _look(self, elapsed_s: float) -> Snapshot:
        # The state first: once it is final, the tasks read after it are final too.
        state = self.airflow.state(self.dag_id, self.dag_run_id)
        found = self.airflow.task_runs(self.dag_id, self.dag_run_id)
        tasks = tuple(found.get(name, TaskRun(name, "none", 0, None)) for name in self.task_ids)
        return Snapshot(state, tasks, elapsed_s)

    def _too_late(self, snapshot: Snapshot) -> DeadlineExceeded:
        open_tasks = ", ".join(f"{t.task_id} {t.state}" for t in snapshot.tasks if t.state not in FINISHED)
        return DeadlineExceeded(
            f"Run {self.dag_run_id} has not finished after {snapshot.elapsed_s:.0f} s: {open_tasks}.",
            remedy=f"It goes on in Airflow; watch it at {self.url} or allow more time with --deadline.",
        )


def wait_for_dag(airflow: Airflow, dag_id: str, deadline_s: float) -> None:
    """Waits until the DAG processor has found the DAG; SpecError when its file cannot be imported."""
    waiting = Retrying(
        retry=retry_if_result(lambda found: not found),
        stop=stop_after_delay(deadline_s),
        wait=wait_fixed(POLL_S),
    )
    try:
        waiting(_found, airflow, dag_id)
    except RetryError:
        raise DeadlineExceeded(
            f"Airflow has not found the DAG {dag_id} after {deadline_s:.0f} s.",
            remedy="Check that the DAG processor runs (`macd local status`) and read its log.",
        ) from None


def _found(airflow: Airflow, dag_id: str) -> bool:
    if airflow.has_dag(dag_id):
        return True
    for file, trace in airflow.import_errors().items():
        if dag_id in file:
            raise SpecError(f"dags/{file} cannot be imported:\n{trace}", remedy="Correct it; then run again.")
    return False
