"""`macd acceptance`: the whole promise on a target, in one run that leaves nothing behind."""

from __future__ import annotations

import signal
from functools import partial
from types import FrameType
from typing import Annotated

import typer

from macd.acceptance.dags import dag_steps
from macd.acceptance.report import raise_for_failures
from macd.acceptance.runner import run_acceptance
from macd.acceptance.step import Step
from macd.acceptance.steps import STEPS
from macd.acceptance.world import DEADLINE_S, ORDERS, Say, World
from macd.cli.acceptance_view import audience
from macd.cli.dag_trigger import trigger_at
from macd.cli.output import AsJson, err, out, print_json
from macd.clients.airflow import Airflow
from macd.pipeline import Pipeline
from macd.preflight.rules import load_rules
from macd.settings import Settings
from macd.specs import HttpService


def acceptance(
    orders: Annotated[int, typer.Option(min=40, max=100_000, help="Orders of each run.")] = ORDERS,
    deadline: Annotated[
        float, typer.Option(min=1.0, help="Seconds that one run, or a deployment, may take.")
    ] = DEADLINE_S,
    allow_region_mismatch: Annotated[
        bool,
        typer.Option("--allow-region-mismatch", help="Go on although services are in different regions."),
    ] = False,
    airflow: Annotated[
        str | None,
        typer.Option(
            help="URL of an Airflow on the same target; its DAGs then do it all once more. User and "
            "password: MACD_AIRFLOW_USERNAME, MACD_AIRFLOW_PASSWORD."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the pipeline on the target, prove all of it, and remove it again; exit 12 unless all held.

    Refused before anything is changed when the target holds the pipeline, or its documents, already.
    """
    settings = Settings()
    world = World(
        Pipeline.load(settings),
        load_rules(settings.include_dir),
        allow_region_mismatch=allow_region_mismatch,
        orders=orders,
        deadline_s=deadline,
    )
    # What ends a job of CI, or comes with a closed terminal, ends it as Ctrl-C does: with the cleanup.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, partial(_interrupt, world))
    with audience(err if as_json else out) as follower:
        steps = (*STEPS, *_dag_steps(settings, airflow, _dag_limit_s(world), follower.said))
        report = run_acceptance(world, steps, follower)
    if as_json:
        print_json(report.as_dict())
    else:
        typer.echo(f"\n{report.render_text()}")
    raise_for_failures(report)


def _interrupt(world: World, number: int, frame: FrameType | None) -> None:
    """Remembered as well: a library in C may raise an error of its own in place of this one."""
    world.interrupted = True
    signal.default_int_handler(number, frame)


def _dag_steps(settings: Settings, url: str | None, limit_s: float, say: Say) -> tuple[Step, ...]:
    """None without an Airflow; one that cannot be logged in to is told of before anything is changed."""
    if url is None:
        return ()
    user, password = settings.airflow_username, settings.airflow_password
    airflow = Airflow(HttpService(url=url, username=user, password=password))
    airflow.log_in()
    return dag_steps(trigger_at(airflow, limit_s, say), after=STEPS[-1].name)


def _dag_limit_s(world: World) -> float:
    """A DAG deploys, which on a cloud takes its connectors longer than a run, and then has a run verified."""
    connectors_s = world.pipeline.spec.target.connectors_run_within.total_seconds()
    return max(world.deadline_s, connectors_s) + world.deadline_s
