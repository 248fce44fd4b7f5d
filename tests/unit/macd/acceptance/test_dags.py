"""The kit's steps through an Airflow that answers what a test says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from macd.acceptance import dags
from macd.acceptance.dags import DagEnd, dag_steps
from macd.acceptance.world import World
from macd.errors import AcceptanceFailed

URL = "http://airflow.test/run"


class Pipeline(SimpleNamespace):
    environment: dict[str, str] = {}


@pytest.fixture
def world(pipeline, monkeypatch):
    """A kit that has deployed another version than include/ says."""
    rules: Any = None
    changed: Any = Pipeline(spec=pipeline, services=None)
    found = World(changed, rules, prefix="kit")
    found.with_spec = lambda spec: Pipeline(spec=spec, services=None)  # type: ignore[assignment, method-assign, return-value]
    found.pipeline = Pipeline(spec=None, services=None)  # type: ignore[assignment]
    report = SimpleNamespace(verdict="PASSED run")
    monkeypatch.setattr(dags, "verified", lambda *_: report)
    monkeypatch.setattr(dags, "wait_until_deployed", lambda *_: None)
    monkeypatch.setattr(dags, "delete_some", lambda *_: {"a", "b"})
    monkeypatch.setattr(dags, "remember", lambda world: world.marks.add("CSAS_X_1"))
    return found


def run_all(world: World, *ends: DagEnd) -> tuple[list[Any], list[Any]]:
    """What was triggered and what the steps found, the cleanup left out."""
    left, asked = list(ends), []

    def trigger(dag_id, params):
        asked.append((dag_id, dict(params)))
        return left.pop(0)

    steps = dag_steps(trigger, after="nothing left behind")[:-1]
    return asked, [step.run(world) for step in steps]


def ended(note: str = "", state: str = "success") -> DagEnd:
    return DagEnd(state, URL, (note,), ("check: it broke",) if state == "failed" else ())


def test_the_dags_are_asked_for_the_same_with_what_include_says(world, pipeline, monkeypatch):
    monkeypatch.setattr(dags, "left_behind", lambda *_: [])
    lost = "dry run of kit__dag: 2 orders to write again"
    asked, found = run_all(world, ended(), ended("PASSED"), ended(lost), ended("2 stored"), ended())
    assert asked == [
        (
            "macd_pipeline",
            {
                "run_id": "kit__dag",
                "orders": 200,
                "unpaid_share": 0.1,
                "mismatch_share": 0.05,
                "outside_window_share": 0.05,
                "duplicate_share": 0.1,
            },
        ),
        ("macd_data_quality", {"run_id": "kit__dag"}),
        ("macd_repair", {"run_id": "kit__dag"}),
        ("macd_repair", {"run_id": "kit__dag", "dry_run": False}),
        ("macd_teardown", {"confirm": "local", "delete_documents": True}),
    ]
    assert found == [[URL, "PASSED run"], ["PASSED"], [lost, "2 stored"], [URL]]
    assert world.pipeline.spec is pipeline


def test_a_dag_that_fails_does_not_hold_and_tells_why(world):
    with pytest.raises(AcceptanceFailed) as raised:
        run_all(world, ended(state="failed"))
    assert raised.value.message == "macd_pipeline ended as failed: check: it broke"
    assert raised.value.remedy == f"See {URL}."


def test_a_dry_run_that_names_another_number_does_not_hold(world):
    with pytest.raises(AcceptanceFailed, match="macd_repair should have said 'dry run of kit__dag: 2 orders"):
        run_all(world, ended(), ended(), ended("dry run of kit__dag: 1 orders to write again"))


def test_what_a_teardown_leaves_does_not_hold(world, monkeypatch):
    monkeypatch.setattr(dags, "left_behind", lambda *_: ["topic macd_orders"])
    lost = "dry run of kit__dag: 2 orders to write again"
    with pytest.raises(AcceptanceFailed, match="macd_teardown has left topic macd_orders"):
        run_all(world, ended(), ended(), ended(lost), ended(), ended())


def test_what_the_services_made_is_known_before_a_dag_removes_it(world, pipeline, monkeypatch):
    world.pipeline = Pipeline(spec=pipeline, services=None)
    monkeypatch.setattr(dags, "left_behind", lambda *_: [])

    def trigger(dag_id, params):
        assert (dag_id, world.marks) == ("macd_teardown", {"CSAS_X_1"})
        return ended()

    teardown = dag_steps(trigger, after="nothing left behind")[3]
    assert teardown.run(world) == [URL]


def test_they_need_the_empty_target_and_clean_up_whatever_happens():
    steps = dag_steps(lambda *_: ended(), after="nothing left behind")
    assert [(step.name, step.needs, step.when.value) for step in steps] == [
        ("DAG macd_pipeline", ("nothing left behind",), "ordinary"),
        ("DAG macd_data_quality", ("DAG macd_pipeline",), "ordinary"),
        ("DAG macd_repair", ("DAG macd_pipeline",), "ordinary"),
        ("DAG macd_teardown", ("DAG macd_pipeline",), "ordinary"),
        ("nothing left by the DAGs", (), "cleanup"),
    ]
