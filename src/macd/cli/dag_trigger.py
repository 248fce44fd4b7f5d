"""Runs DAGs of an Airflow for the acceptance kit, and leaves each as paused as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.acceptance.dags import DagEnd, Trigger
from macd.cli.dag_run import DagRun, Snapshot, wait_for_dag
from macd.cli.run import PARSE_DEADLINE_S
from macd.cli.run_view import error_in
from macd.clients.airflow import Airflow

POLL_S = 1.0
Say = Callable[[str], None]


def trigger_at(airflow: Airflow, deadline_s: float, say: Say) -> Trigger:
    """Starts a DAG's run and follows it to its end, at most `deadline_s` seconds.

    The last line of a note only says who has written it.
    """

    def trigger(dag_id: str, params: Mapping[str, Any]) -> DagEnd:
        wait_for_dag(airflow, dag_id, PARSE_DEADLINE_S)
        with _unpaused(airflow, dag_id, deadline_s):
            run = DagRun.start(airflow, dag_id, params)
            say(run.url)
            last = _followed(run, deadline_s, say)
        note = [line for line in airflow.note(dag_id, run.dag_run_id).splitlines() if line]
        return DagEnd(last.state, run.url, tuple(note[:-1]), tuple(_failures(run, last)))

    return trigger


@contextmanager
def _unpaused(airflow: Airflow, dag_id: str, deadline_s: float) -> Iterator[None]:
    """A DAG that was paused is paused again once the runs have ended that its schedule made up for."""
    was_paused = airflow.is_paused(dag_id)
    airflow.unpause(dag_id)
    try:
        yield
        _wait_until_quiet(airflow, dag_id, deadline_s)
    finally:
        if was_paused:
            airflow.pause(dag_id)


def _wait_until_quiet(airflow: Airflow, dag_id: str, deadline_s: float) -> None:
    waiting = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(deadline_s),
        wait=wait_fixed(POLL_S),
        # Somebody else's runs may go on; they are no reason to fail.
        retry_error_callback=lambda _: None,
    )
    waiting(airflow.active_runs, dag_id)


def _followed(run: DagRun, deadline_s: float, say: Say) -> Snapshot:
    states: dict[str, str] = {}
    for snapshot in run.follow(deadline_s):
        for task in snapshot.tasks:
            if task.state != states.get(task.task_id, "none"):
                states[task.task_id] = task.state
                say(f"{task.task_id} {task.state}")
    return snapshot


def _failures(run: DagRun, last: Snapshot) -> Iterator[str]:
    for task in last.failed:
        yield f"{task.task_id}: {error_in(run.log(task)) or 'see its log'}"
