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
from macd.errors import DeadlineExceeded, ServiceError

POLL_S = 1.0
# A task notices within a heartbeat (5 s) that it is to end, and is killed when it has not 5 s later; then its
# log has to be there.
STOPPED_WITHIN_S = 60.0
Say = Callable[[str], None]


def trigger_at(airflow: Airflow, deadline_s: float, say: Say) -> Trigger:
    """Starts a DAG's run and follows it to its end, at most `deadline_s` seconds.

    One that is given up is stopped: it would go on making what the kit removes meanwhile. The last line of a
    note only says who has written it.
    """

    def trigger(dag_id: str, params: Mapping[str, Any]) -> DagEnd:
        wait_for_dag(airflow, dag_id, PARSE_DEADLINE_S)
        with _unpaused(airflow, dag_id, deadline_s):
            run = DagRun.start(airflow, dag_id, params)
            say(run.url)
            last = _followed_or_stopped(run, deadline_s, say)
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


def _followed_or_stopped(run: DagRun, deadline_s: float, say: Say) -> Snapshot:
    try:
        return _followed(run, deadline_s, say)
    except DeadlineExceeded as error:
        _stop(run, say)
        remedy = f"It was given up; see {run.url} or allow more time with --deadline."
        raise DeadlineExceeded(error.message, remedy=remedy) from None
    except (ServiceError, KeyboardInterrupt):
        _stop(run, say)
        raise


def _stop(run: DagRun, say: Say) -> None:
    try:
        if not run.stop(STOPPED_WITHIN_S):
            say(f"{run.url} was stopped, but a task of it may still run after {STOPPED_WITHIN_S:.0f} s")
    except ServiceError as error:
        say(f"{run.url} may go on. {error}")


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
