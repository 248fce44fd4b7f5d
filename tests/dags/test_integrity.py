"""What has to hold for every DAG file, without a scheduler, a database or a service."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Param

from macd.settings import REPOSITORY

FILES = sorted((REPOSITORY / "dags").glob("*.py"))
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@cache
def load(file: Path) -> DAG:
    bag = DagBag(dag_folder=str(file), bundle_name="dags-folder")
    assert bag.import_errors == {}
    [dag] = bag.dags.values()
    return dag


def test_there_are_dags() -> None:
    assert FILES


@every_file
def test_it_imports_without_errors_or_warnings(file: Path) -> None:
    bag = DagBag(dag_folder=str(file), bundle_name="dags-folder")
    assert bag.import_errors == {}
    assert bag.captured_warnings == {}


@every_file
def test_it_is_called_like_its_file(file: Path) -> None:
    assert load(file).dag_id == file.stem


@every_file
def test_the_ui_can_say_what_it_is_whose_and_how_it_runs(file: Path) -> None:
    dag = load(file)
    assert dag.description
    assert dag.doc_md
    assert "macd" in dag.tags
    assert dag.catchup is False
    assert dag.start_date is not None
    assert dag.dagrun_timeout is not None


@every_file
def test_only_a_dag_that_runs_by_itself_has_to_be_switched_on(file: Path) -> None:
    dag = load(file)
    # But for the one that mends what has failed: that has to be there before somebody misses it.
    heals = dag.dag_id == "macd_auto_restart"
    assert dag.is_paused_upon_creation is (dag.schedule is not None and not heals)


@every_file
def test_every_task_has_an_owner_a_time_limit_retries_with_backoff_and_a_description(file: Path) -> None:
    for task in load(file).tasks:
        assert task.owner not in ("", "airflow"), task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_exponential_backoff, task.task_id
        assert task.max_retry_delay, task.task_id
        assert isinstance(task.execution_timeout, timedelta), task.task_id
        assert task.doc_md, task.task_id


@every_file
def test_every_parameter_has_a_title_a_description_and_bounds(file: Path) -> None:
    for name, param in load(file).params.items():
        assert isinstance(param, Param), name
        assert param.schema.get("title"), name
        assert param.description, name
        limits = {"minimum", "maximum"} <= set(param.schema)
        assert limits or param.schema.keys() & {"pattern", "enum", "const"}, name


@every_file
def test_parsing_it_touches_nothing_outside(
    file: Path, record_property: Callable[[str, object], None]
) -> None:
    script = Path(__file__).with_name("parse_alone.py")
    done = subprocess.run([sys.executable, script, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seconds = json.loads(done.stdout.splitlines()[-1])["seconds"]
    record_property("parse_seconds", seconds)
    print(f"{file.name} is parsed in {seconds:.2f} s")
    assert seconds < 30, "the DAG processor gives up after [core] dagbag_import_timeout = 30 s"
