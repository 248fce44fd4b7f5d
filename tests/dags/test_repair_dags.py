"""How the DAGs that seed again, repair and remove are wired."""

from __future__ import annotations

from datetime import timedelta
from graphlib import TopologicalSorter

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from macd.producer.parameters import SeedParameters
from macd.settings import REPOSITORY
from tests.dags.test_integrity import load

ORDER = {
    "macd_reseed": ["check_deployed", "launch_producer", "data_quality_checks", "delete_old_runs"],
    "macd_teardown": [
        "show_plan",
        "confirm",
        "remove_connectors",
        "remove_streams",
        "remove_schemas",
        "remove_topics",
        "remove_documents",
    ],
    "macd_dlq_replay": ["classify_dead_letters", "replay_dead_letters", "reconcile"],
    "macd_repair": ["survey_run", "resink_orders", "reconcile"],
}


def dag(name: str) -> DAG:
    return load(REPOSITORY / "dags" / f"{name}.py")


@pytest.mark.parametrize("name", ORDER)
def test_the_steps_follow_each_other_one_run_at_a_time(name: str) -> None:
    found = dag(name)
    graph = {task.task_id: task.upstream_task_ids for task in found.tasks}
    assert list(TopologicalSorter(graph).static_order()) == ORDER[name]
    assert found.max_active_runs == 1


@pytest.mark.parametrize("name", ORDER)
def test_a_task_runs_only_after_the_one_before_it_succeeded(name: str) -> None:
    assert {task.trigger_rule.value for task in dag(name).tasks} == {"all_success"}


@pytest.mark.parametrize(
    ("name", "param"),
    [("macd_dlq_replay", "dry_run"), ("macd_repair", "dry_run")],
)
def test_nothing_is_written_unless_asked_for(name: str, param: str) -> None:
    found = dag(name)
    assert found.params.get_param(param).value is True
    for task_id in ORDER[name][:2]:
        assert found.get_task(task_id).dry == "{{ params.dry_run }}"


def test_only_rounds_of_checks_have_no_patience_with_runs_that_are_long_past() -> None:
    assert dag("macd_data_quality").get_task("reconcile").partial_kwargs["patient"] is False
    assert dag("macd_repair").get_task("reconcile").patient is True


def test_nothing_is_removed_unless_confirmed() -> None:
    params = dag("macd_teardown").params
    assert params["confirm"] is None
    assert params["delete_documents"] is False


def test_reseeding_is_scheduled_takes_seed_parameters_and_keeps_every_run() -> None:
    found = dag("macd_reseed")
    assert isinstance(found.schedule, CronTriggerTimetable)
    assert set(found.params) == {*SeedParameters.model_fields, "keep_days"}
    assert found.params["keep_days"] is None
    template = found.get_task("delete_old_runs").keep_days
    rendered = found.get_template_env().from_string(template).render(params={"keep_days": None})
    assert rendered == ""
    assert found.get_task("launch_producer").execution_timeout > timedelta(minutes=10)


def test_a_wrong_schedule_is_the_dags_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_RESEED_CRON", "nightly")
    path = str(REPOSITORY / "dags" / "macd_reseed.py")
    [error] = DagBag(dag_folder=path, bundle_name="dags-folder").import_errors.values()
    assert "MACD_RESEED_CRON is 'nightly'" in error
    assert "Remedy: Set MACD_RESEED_CRON to five fields" in error
