"""The steps that do it once more through an Airflow, from an empty target to an empty one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from macd.acceptance.leaving import destroy, nothing_left, remember
from macd.acceptance.mending import delete_some
from macd.acceptance.names import left_behind
from macd.acceptance.runs import SHARES, verified
from macd.acceptance.step import Facts, Step, When, hold
from macd.acceptance.waiting import SHOWN, wait_until_deployed
from macd.acceptance.world import World

RUN = "dag"
PIPELINE, QUALITY, REPAIR = "DAG macd_pipeline", "DAG macd_data_quality", "DAG macd_repair"
TEARDOWN = "DAG macd_teardown"


class DagEnd(NamedTuple):
    """How a run of a DAG ended; `note` are the lines on its page, `failures` the errors of its tasks."""

    state: str
    url: str
    note: tuple[str, ...]
    failures: tuple[str, ...]


Trigger = Callable[[str, Mapping[str, Any]], DagEnd]


def dag_steps(trigger: Trigger, after: str) -> tuple[Step, ...]:
    """They begin on the empty target that the step `after` has found."""

    def step(name: str, proves: str, run: Callable[[World, Trigger], Facts], *needs: str) -> Step:
        return Step(name, proves, lambda world: run(world, trigger), needs)

    return (
        step(PIPELINE, "Airflow makes and proves it all from nothing", _pipeline, after),
        step(QUALITY, "Airflow checks the run and the pipeline's health", _quality, PIPELINE),
        step(REPAIR, "a dry run in Airflow names what is lost", _repair, PIPELINE),
        step(TEARDOWN, "Airflow removes everything once confirmed", _teardown, PIPELINE),
        Step("nothing left by the DAGs", "the target is as it was", _nothing_left, when=When.CLEANUP),
    )


def _pipeline(world: World, trigger: Trigger) -> Facts:
    # What the kit has changed on its way, an Airflow knows nothing of.
    world.pipeline = world.with_spec(world.declared)
    run_id = world.run_id(RUN)
    end = _succeeded(trigger, "macd_pipeline", {"run_id": run_id, "orders": world.orders, **SHARES})
    wait_until_deployed(world.pipeline, world)
    return [end.url, verified(world, run_id).verdict]


def _quality(world: World, trigger: Trigger) -> Facts:
    end = _succeeded(trigger, "macd_data_quality", {"run_id": world.run_id(RUN)})
    return [*end.note]


def _repair(world: World, trigger: Trigger) -> Facts:
    run_id = world.run_id(RUN)
    deleted = delete_some(world, run_id)
    dry = _succeeded(trigger, "macd_repair", {"run_id": run_id})
    told = f"dry run of {run_id}: {len(deleted)} orders to write again"
    said = "; ".join(dry.note)
    hold(told in said, f"macd_repair should have said '{told}', but: {said}.", f"See {dry.url}.")
    wet = _succeeded(trigger, "macd_repair", {"run_id": run_id, "dry_run": False})
    verified(world, run_id)
    return [*dry.note, *wet.note]


def _teardown(world: World, trigger: Trigger) -> Facts:
    target = world.pipeline.spec.target.name
    remember(world)
    end = _succeeded(trigger, "macd_teardown", {"confirm": target, "delete_documents": True})
    left = left_behind(world.pipeline, world.before, world.marks)
    hold(not left, f"macd_teardown has left {', '.join(left[:SHOWN])}.", f"See {end.url}.")
    return [end.url]


def _nothing_left(world: World) -> Facts:
    return [*destroy(world), *nothing_left(world)]


def _succeeded(trigger: Trigger, dag_id: str, params: Mapping[str, Any]) -> DagEnd:
    end = trigger(dag_id, params)
    told = "; ".join(end.failures or end.note)
    hold(end.state == "success", f"{dag_id} ended as {end.state}: {told}", f"See {end.url}.")
    return end
