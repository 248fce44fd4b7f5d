"""Every DAG started from its form in the UI, as people do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from macd.cli.dag_run import DagRun
from tests.dags.test_integrity import FILES, load
from tests.stack import Stack, until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
DAG_IDS = [file.stem for file in FILES]


def open_form(page: Page, dag_id: str) -> Locator:
    """The trigger form of a DAG, once its parameters are there."""
    page.goto(f"/dags/{dag_id}")
    page.get_by_role("button", name="Trigger Dag").click()
    form = page.get_by_role("dialog")
    form.get_by_role("heading", name=re.compile(dag_id)).wait_for()
    return form


def submit(stack: Stack, page: Page, form: Locator, dag_id: str) -> DagRun:
    """Presses Trigger; the run that came of it."""
    before = run_ids(stack, dag_id)
    form.get_by_role("button", name="Trigger", exact=True).click()
    [run_id] = until(lambda: run_ids(stack, dag_id) - before)
    form.wait_for(state="hidden")
    return DagRun.of(stack.airflow, dag_id, run_id)


def run_ids(stack: Stack, dag_id: str) -> set[str]:
    found = stack.airflow.request("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit=20")
    return {run["dag_run_id"] for run in found["dag_runs"]}


@pytest.mark.parametrize("file", FILES, ids=DAG_IDS)
def test_the_form_explains_every_parameter(page: Page, file) -> None:
    dag = load(file)
    form = open_form(page, dag.dag_id)
    for name, param in dag.params.items():
        field = form.locator(f"[name=element_{name}], #element_{name}").first
        field.wait_for(state="attached")
        text = form.inner_text()
        assert param.schema["title"].lower() in text.lower(), name
        assert param.description.split(".")[0] in text, name


def test_a_run_started_with_other_values_uses_them(stack: Stack, page: Page) -> None:
    form = open_form(page, "macd_pipeline")
    orders = form.get_by_label("Orders", exact=True)
    orders.fill("30")
    form.get_by_label("Unpaid share").fill("0.5")
    run = submit(stack, page, form, "macd_pipeline")
    assert stack.finish(run).state == "success"
    figures = stack.report(run.run_id).figures
    assert (figures.orders_produced, figures.orders_stored) == (30, 15)


def test_the_list_of_runs_shows_the_verdict(stack: Stack, page: Page) -> None:
    run = stack.start_run(orders=10)
    assert stack.finish(run).state == "success"
    page.goto(f"/dags/macd_pipeline/runs/{run.dag_run_id}")
    page.get_by_text("10 of 10 expected orders are in MongoDB").first.wait_for()


def test_a_value_out_of_bounds_is_refused_by_the_form(stack: Stack, page: Page) -> None:
    before = run_ids(stack, "macd_pipeline")
    form = open_form(page, "macd_pipeline")
    form.get_by_label("Orders", exact=True).fill("0")
    form.get_by_role("button", name="Trigger", exact=True).click()
    page.get_by_text(re.compile("Invalid input|minimum|greater than", re.IGNORECASE)).first.wait_for()
    assert run_ids(stack, "macd_pipeline") == before
