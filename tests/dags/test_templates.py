"""What somebody enters who may only trigger DAGs is text: no template of it is ever rendered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from macd.settings import REPOSITORY
from tests.dags.test_integrity import load

# Rendered, it would be 49; a Connection's password could stand there as well.
HOSTILE = "{{ 7 * 7 }}"
DAGS = sorted(path.stem for path in (REPOSITORY / "dags").glob("macd_*.py"))


class Entered(dict[str, Any]):
    """Params that are all the same text."""

    def __missing__(self, name: str) -> str:
        return HOSTILE


def dag(name: str) -> DAG:
    return load(REPOSITORY / "dags" / f"{name}.py")


def context(found: DAG) -> Any:
    ti = SimpleNamespace(
        map_index=0,
        xcom_pull=lambda **_: [HOSTILE],
        get_relevant_upstream_map_indexes=lambda **_: None,
    )
    run = SimpleNamespace(dag_id=found.dag_id, run_id=HOSTILE, conf=None)
    return {"params": Entered(), "run_id": HOSTILE, "ti": ti, "dag_run": run, "dag": found}


def rendered(found: DAG, task: Any) -> Any:
    """The task as it is when it executes; values of a mapped one come from an XCom, and so from MongoDB."""
    given = context(found) | {"task": task}
    task = task.prepare_for_execution()
    task.render_template_fields(given)
    return given["task"] if task.is_mapped else task


@pytest.mark.parametrize("name", DAGS)
def test_what_is_entered_is_never_a_template(name: str) -> None:
    found = dag(name)
    tasks = [rendered(found, task) for task in found.tasks]
    shown = [repr(getattr(task, field)) for task in tasks for field in task.template_fields]
    assert not [text for text in shown if "49" in text]
    # Else nothing that was entered would have been looked at.
    assert any(HOSTILE in text for text in shown) or not found.params
