"""Writes the verdict of a DAG run into its note, where the list of runs shows it.

Airflow has no tags for a run, only for a DAG; the note is the one text of a run that people see and search.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.listeners import hookimpl
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import select
from sqlalchemy.orm import object_session

from macd_airflow.outcome import VERDICT

PREFIX = "macd_"
# As much as Airflow's column for a note holds. PostgreSQL refuses more, and that would end the scheduler.
MOST_CHARACTERS = 1_000
REST = "... (the rest is in the tasks' logs)"
# By this a note is known to be ours when a cleared run has another outcome.
SIGNATURE = "Written by macd."


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
    if not dag_run.dag_id.startswith(PREFIX) or _is_a_persons(dag_run):
        return
    lines = [line for line in (head, *_verdicts(dag_run)) if line]
    if lines or dag_run.note:
        dag_run.note = note_of(lines)


def note_of(lines: Sequence[str]) -> str:
    """The lines as a note that fits, signed."""
    text, end = "\n\n".join(lines), f"\n\n{SIGNATURE}"
    room = MOST_CHARACTERS - len(end)
    return (text if len(text) <= room else text[: room - len(REST)] + REST) + end


def _is_a_persons(dag_run: DagRun) -> bool:
    """What somebody has written, or edited, stays: Airflow then knows by whom, or our signature is gone."""
    if not dag_run.note:
        return False
    return dag_run.dag_run_note.user_id is not None or not dag_run.note.endswith(SIGNATURE)


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
