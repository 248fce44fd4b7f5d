from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from airflow.sdk import DAG

from macd.producer.parameters import SeedParameters
from macd.settings import REPOSITORY
from tests.dags.test_integrity import load


@pytest.fixture(scope="module")
def dag() -> DAG:
    return load(REPOSITORY / "dags" / "macd_pipeline.py")


def test_the_steps_stand_in_the_pipelines_order(dag: DAG) -> None:
    order = TopologicalSorter({task.task_id: task.upstream_task_ids for task in dag.tasks}).static_order()
    assert list(order) == [
        "preflight",
        "create_topics",
        "register_schemas",
        "deploy_streams",
        "launch_producer",
        "configure_sink",
        "data_quality_checks",
    ]


def test_it_runs_only_when_triggered_and_two_runs_may_overlap(dag: DAG) -> None:
    assert dag.schedule is None
    assert dag.max_active_runs >= 2


def test_the_form_offers_every_parameter_and_the_run_id(dag: DAG) -> None:
    assert set(dag.params) == {*SeedParameters.model_fields, "run_id", "allow_region_mismatch"}


@pytest.mark.parametrize(("entered", "used"), [(None, "manual__1"), ("", "manual__1"), ("demo", "demo")])
def test_a_run_is_its_dag_runs_own_unless_another_is_named(dag: DAG, entered: str | None, used: str) -> None:
    for task_id in ("launch_producer", "data_quality_checks"):
        template = dag.get_task(task_id).run_id
        context = {"params": {"run_id": entered}, "run_id": "manual__1"}
        assert dag.get_template_env().from_string(template).render(context) == used
