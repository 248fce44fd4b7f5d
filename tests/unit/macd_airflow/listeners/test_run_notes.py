"""The note of a run; that the scheduler calls the listener is shown in tests/integration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.dagrun import DagRunNote

from macd_airflow.listeners import run_notes
from macd_airflow.plugin import MacdPlugin

VERDICTS = ["PASSED run r: 5 of 5 expected orders are in MongoDB", "PASSED pipeline: 14 of 14 checks hold"]


SIGNED = f"\n\n{run_notes.SIGNATURE}"


def _run(dag_id: str = "macd_pipeline", note: str | None = None, user_id: str | None = None) -> Any:
    return SimpleNamespace(dag_id=dag_id, note=note, dag_run_note=SimpleNamespace(user_id=user_id))


def _fail(monkeypatch: pytest.MonkeyPatch, *task_ids: str) -> None:
    monkeypatch.setattr(run_notes, "_failed", lambda _: list(task_ids))


@pytest.fixture(autouse=True)
def _verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_notes, "_verdicts", lambda _: VERDICTS)


def test_airflow_is_told_of_the_listener() -> None:
    assert run_notes in MacdPlugin.listeners


def test_a_run_that_succeeds_gets_the_verdicts_of_its_tasks() -> None:
    run = _run()
    run_notes.on_dag_run_success(run)
    assert run.note == "\n\n".join(VERDICTS) + SIGNED


def test_a_run_that_fails_is_headed_by_the_tasks_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _run()
    _fail(monkeypatch, "launch_producer")
    run_notes.on_dag_run_failed(run)
    assert run.note.splitlines()[0] == "FAILED at launch_producer"
    assert VERDICTS[0] in run.note


def test_a_task_that_failed_for_several_runs_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _run()
    _fail(monkeypatch, "reconcile", "reconcile", "reconcile")
    run_notes.on_dag_run_failed(run)
    assert run.note.splitlines()[0] == "FAILED at reconcile"


def test_what_a_person_wrote_stays() -> None:
    run = _run(note="asked the kitchen")
    run_notes.on_dag_run_success(run)
    assert run.note == "asked the kitchen"


def test_our_own_note_is_replaced_when_a_cleared_run_ends_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _run()
    _fail(monkeypatch, "reconcile")
    run_notes.on_dag_run_failed(run)
    run_notes.on_dag_run_success(run)
    assert run.note == "\n\n".join(VERDICTS) + SIGNED
    monkeypatch.setattr(run_notes, "_verdicts", lambda _: [])
    run_notes.on_dag_run_success(run)
    assert VERDICTS[0] not in run.note


def test_our_note_that_a_person_has_edited_stays() -> None:
    note = f"FAILED at reconcile; the kitchen knows{SIGNED}"
    run = _run(note=note, user_id="1")
    run_notes.on_dag_run_success(run)
    assert run.note == note


def test_a_note_fits_the_column_and_says_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_notes, "_verdicts", lambda _: [f"PASSED run {n}: {'x' * 90}" for n in range(30)])
    run = _run()
    run_notes.on_dag_run_success(run)
    limit = DagRunNote.__table__.c.content.type.length
    assert len(run.note) <= limit
    assert "PASSED run 5: " in run.note
    assert run.note.endswith(f"... (the rest is in the tasks' logs){SIGNED}")


def test_other_peoples_dags_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, "pay")
    run = _run(dag_id="payroll")
    run_notes.on_dag_run_failed(run)
    assert run.note is None
