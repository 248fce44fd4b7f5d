"""The form of every DAG in the UI, and where the verdict of a run shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.dags.test_integrity import FILES, load
from tests.stack import Stack

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


@pytest.mark.parametrize("file", FILES, ids=DAG_IDS)
def test_the_form_explains_every_parameter(page: Page, file) -> None:
    dag = load(file)
    form = open_form(page, dag.dag_id)
    for name, param in dag.params.items():
        if "format" in param.schema:
            continue  # a date picker, whose parts have no name of their own
        field = form.locator(f"[name=element_{name}], #element_{name}").first
        field.wait_for(state="attached")
        text = form.inner_text()
        assert param.schema["title"].lower() in text.lower(), name
        assert param.description.split(".")[0] in text, name


def test_the_list_of_runs_shows_the_verdict(stack: Stack, page: Page) -> None:
    run = stack.start_run(orders=10)
    assert stack.finish(run).state == "success"
    page.goto(f"/dags/macd_pipeline/runs/{run.dag_run_id}")
    page.get_by_text("10 of 10 expected orders are in MongoDB").first.wait_for()
