"""The note of a run; that the scheduler calls the listener is shown in tests/integration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from macd_airflow.listeners import run_notes
from macd_airflow.plugin import MacdPlugin

VERDICTS = ["PASSED run r: 5 of 5 expected orders are in MongoDB", "PASSED pipeline: 14 of 14 checks hold"]


def _run(dag_id: str = "macd_pipeline", note: str | None = None) -> Any:
    return SimpleNamespace(dag_id=dag_id, note=note)


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
    assert run.note == "\n\n".join(VERDICTS)


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


def test_other_peoples_dags_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail(monkeypatch, "pay")
    run = _run(dag_id="payroll")
    run_notes.on_dag_run_failed(run)
    assert run.note is None
