"""How the DAGs that seed again, repair and remove are wired."""

from __future__ import annotations

from datetime import timedelta
from graphlib import TopologicalSorter

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from macd.errors import SpecError
from macd.producer.parameters import SeedParameters
from macd.producer.reseed import ReseedDefaults
from macd.settings import REPOSITORY
from macd_airflow.assets import JOINED_ORDERS
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


@pytest.mark.parametrize(
    ("name", "task_id"), [("macd_repair", "resink_orders"), ("macd_dlq_replay", "replay_dead_letters")]
)
def test_what_writes_the_collection_again_updates_its_asset(name: str, task_id: str) -> None:
    assert dag(name).get_task(task_id).outlets == [JOINED_ORDERS]


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


def test_what_scheduled_runs_ask_for_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ORDERS", "70"), ("KEEP_DAYS", "7"), ("UNPAID_SHARE", "0.25"), ("SEED", "")):
        monkeypatch.setenv(f"MACD_RESEED_{name}", value)
    params = _parsed("macd_reseed").params
    found = {name: params[name] for name in ("orders", "keep_days", "unpaid_share", "seed")}
    assert found == {"orders": 70, "keep_days": 7, "unpaid_share": 0.25, "seed": 0}
    assert _parsed("macd_pipeline").params["orders"] == 500


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("ORDERS", "0", "MACD_RESEED_ORDERS"),
        ("KEEP_DAYS", "soon", "MACD_RESEED_KEEP_DAYS"),
        ("UNPAID_SHARE", "2", "MACD_RESEED_UNPAID_SHARE"),
    ],
)
def test_what_they_cannot_ask_for_is_an_import_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    monkeypatch.setenv(f"MACD_RESEED_{name}", value)
    path = str(REPOSITORY / "dags" / "macd_reseed.py")
    [error] = DagBag(dag_folder=path, bundle_name="dags-folder").import_errors.values()
    assert f"{named} cannot be used: " in error
    assert f"Remedy: Set {named}" in error


def test_shares_that_do_not_fit_together_are_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UNPAID", "MISMATCH"):
        monkeypatch.setenv(f"MACD_RESEED_{name}_SHARE", "0.6")
    with pytest.raises(SpecError, match=r"MACD_RESEED_\*_SHARE cannot be used: .*add up to more than 1"):
        ReseedDefaults.load()


def _parsed(name: str) -> DAG:
    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / f"{name}.py"), bundle_name="dags-folder")
    return bag.dags[name]


def test_a_wrong_schedule_is_the_dags_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_RESEED_CRON", "nightly")
    path = str(REPOSITORY / "dags" / "macd_reseed.py")
    [error] = DagBag(dag_folder=path, bundle_name="dags-folder").import_errors.values()
    assert "MACD_RESEED_CRON is 'nightly'" in error
    assert "Remedy: Set MACD_RESEED_CRON to five fields" in error
