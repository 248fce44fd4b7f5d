"""`macd run`: one run of the DAG macd_pipeline in Airflow, followed to its verdict."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from pydantic import SecretStr

from macd.cli.dag_run import DagRun, wait_for_dag
from macd.cli.output import AsJson, err, out, print_json
from macd.cli.run_outcome import outcome_of
from macd.cli.run_view import follow_visibly
from macd.clients.airflow import Airflow
from macd.local.airflow import ADMIN, login, password
from macd.local.config import HOST, LocalConfig
from macd.settings import Settings
from macd.specs import HttpService

DAG_ID = "macd_pipeline"
# Seconds in which the DAG processor finds a new file, even while everything else starts up beside it.
PARSE_DEADLINE_S = 120.0

Share = Annotated[float | None, typer.Option(min=0.0, max=1.0, show_default="0")]


def run(
    orders: Annotated[int | None, typer.Option(min=1, max=1_000_000, show_default="500")] = None,
    seed: Annotated[int | None, typer.Option(min=0, show_default="0")] = None,
    unpaid_share: Share = None,
    mismatch_share: Share = None,
    outside_window_share: Share = None,
    duplicate_share: Share = None,
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run; naming an earlier one verifies it again.")
    ] = None,
    deadline: Annotated[float, typer.Option(min=1.0, help="Seconds until it has to be finished.")] = 1800.0,
    as_json: AsJson = False,
) -> None:
    """Run the DAG macd_pipeline in Airflow and prove the run; exit 0 only if every check passed."""
    entered = {
        "orders": orders,
        "seed": seed,
        "unpaid_share": unpaid_share,
        "mismatch_share": mismatch_share,
        "outside_window_share": outside_window_share,
        "duplicate_share": duplicate_share,
        "run_id": run_id,
    }
    params = {name: value for name, value in entered.items() if value is not None}
    dag_run = _start(params)
    finished = follow_visibly(dag_run, deadline, err if as_json else out)
    outcome = outcome_of(dag_run, finished)
    if as_json:
        print_json(outcome.as_dict())
    else:
        outcome.print(out)
        out.print(_login(), soft_wrap=True)
        out.print(outcome.verdict(), soft_wrap=True)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def airflow_client() -> Airflow:
    """The Airflow that MACD_AIRFLOW_URL names, else the local stack's; logged in."""
    airflow = Airflow(_service(Settings()))
    airflow.log_in()
    return airflow


def _service(settings: Settings) -> HttpService:
    if settings.airflow_url is not None:
        user, secret = settings.airflow_username, settings.airflow_password
        return HttpService(url=settings.airflow_url, username=user, password=secret)
    config = LocalConfig.load()
    url = f"http://{HOST}:{config.airflow_port}"
    return HttpService(url=url, username=ADMIN, password=SecretStr(password(config)))


def _login() -> str:
    settings = Settings()
    if settings.airflow_url is not None:
        user = settings.airflow_username
        return f"Airflow  {settings.airflow_url}  user {user}, password in MACD_AIRFLOW_PASSWORD"
    return login(LocalConfig.load(), show_password=out.is_terminal)


def _start(params: dict[str, Any]) -> DagRun:
    airflow = airflow_client()
    wait_for_dag(airflow, DAG_ID, PARSE_DEADLINE_S)
    airflow.unpause(DAG_ID)
    return DagRun.start(airflow, DAG_ID, params)
