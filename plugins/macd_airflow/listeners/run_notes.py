"""Writes the verdict of a DAG run into its note, where the list of runs shows it.

Airflow has no tags for a run, only for a DAG; the note is the one text of a run that people see and search.
"""

from __future__ import annotations

from airflow.listeners import hookimpl
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import select
from sqlalchemy.orm import object_session

from macd_airflow.outcome import VERDICT

PREFIX = "macd_"
# A note is for reading at a glance; the log has the rest.
MOST_LINES = 20


@hookimpl
def on_dag_run_success(dag_run: DagRun) -> None:
    """The run's verdicts, in the order in which its tasks gave them."""
    _write(dag_run, "")


@hookimpl
def on_dag_run_failed(dag_run: DagRun) -> None:
    """The same, headed by the tasks that failed."""
    failed = dict.fromkeys(_failed(dag_run))
    _write(dag_run, f"FAILED at {', '.join(failed)}" if failed else "FAILED")


def _write(dag_run: DagRun, head: str) -> None:
    # What a person has written stays.
    if not dag_run.dag_id.startswith(PREFIX) or dag_run.note:
        return
    lines = [line for line in (head, *_verdicts(dag_run)) if line]
    if lines:
        dag_run.note = "\n\n".join(lines[:MOST_LINES])


def _failed(dag_run: DagRun) -> list[str]:
    # Only in the scheduler's own session: dag_run.get_task_instances() would open another and commit it,
    # which ends the scheduler ("UNEXPECTED COMMIT").
    session = object_session(dag_run)
    if session is None:
        return []
    query = (
        select(TaskInstance.task_id)
        .where(
            TaskInstance.dag_id == dag_run.dag_id,
            TaskInstance.run_id == dag_run.run_id,
            TaskInstance.state == "failed",
        )
        .order_by(TaskInstance.task_id)
    )
    return list(session.scalars(query))


def _verdicts(dag_run: DagRun) -> list[str]:
    session = object_session(dag_run)
    if session is None:
        return []
    query = (
        select(XComModel.value)
        .where(XComModel.dag_run_id == dag_run.id, XComModel.key == VERDICT)
        .order_by(XComModel.timestamp)
    )
    return [XComModel.deserialize_value(row) for row in session.execute(query)]
