"""Every DAG in the UI, in a real browser: its form, its graph, and where the verdict of a run shows."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from macd.cli.dag_run import DagRun
from tests.dags.test_integrity import FILES, load
from tests.stack import Stack, until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
DAG_IDS = [file.stem for file in FILES]
# The pictures in docs/images are made by running these tests with MACD_SCREENSHOTS=docs/images.
PICTURES = os.environ.get("MACD_SCREENSHOTS")


def open_form(page: Page, dag_id: str) -> Locator:
    """The trigger form of a DAG, once its parameters are there."""
    page.goto(f"/dags/{dag_id}")
    page.get_by_role("button", name="Trigger Dag").click()
    # The picker of a date is a dialog too, in a popover that stays in the page when it is closed.
    form = page.get_by_role("dialog").and_(page.locator("[data-scope=dialog]"))
    form.get_by_role("heading", name=re.compile(dag_id)).wait_for()
    return form


def field(form: Locator, name: str) -> Locator:
    """Airflow's form gives a field no label, only this name."""
    return form.locator(f"[name=element_{name}]")


def pick(page: Page, form: Locator, title: str, day: str) -> None:
    """Chooses a moment in the date field with this title; the picker is a popover outside the form."""
    row = form.get_by_role("group").filter(has=page.get_by_text(title, exact=True))
    row.get_by_test_id("datetime-input").click()
    popover = page.locator("[data-scope=popover][data-state=open]")
    popover.get_by_placeholder("YYYY/MM/DD").fill(day)
    popover.get_by_placeholder("HH:mm").fill("00:00")
    page.keyboard.press("Escape")
    popover.wait_for(state="detached")


def submit(form: Locator) -> None:
    form.get_by_test_id("trigger-dag-submit").click()


def runs_of(stack: Stack, dag_id: str) -> dict[str, Any]:
    """By their ids, with what was entered."""
    path = f"/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit=100"
    return {run["dag_run_id"]: run["conf"] for run in stack.airflow.request("GET", path)["dag_runs"]}


def new_run(stack: Stack, dag_id: str, before: dict[str, Any]) -> DagRun:
    """The run that the form started."""

    def started() -> list[str]:
        return [run_id for run_id in runs_of(stack, dag_id) if run_id.startswith("manual__")]

    [run_id] = until(lambda: [each for each in started() if each not in before])
    return DagRun.of(stack.airflow, dag_id, run_id)


def picture(shown: Page | Locator, name: str, **options: Any) -> None:
    if PICTURES:
        shown.screenshot(path=Path(PICTURES) / f"{name}.png", **options)


@pytest.mark.parametrize("file", FILES, ids=DAG_IDS)
def test_the_form_explains_every_parameter(page: Page, file: Path) -> None:
    dag = load(file)
    page.set_viewport_size({"width": 1000, "height": 1500})
    form = open_form(page, dag.dag_id)
    for name, param in dag.params.items():
        title = form.get_by_text(param.schema["title"], exact=False).first
        title.wait_for()
        if "format" not in param.schema:  # a date picker's parts have no name
            field(form, name).first.wait_for(state="attached")
        assert param.description.split(".")[0] in form.inner_text(), name
    picture(form, f"form-{dag.dag_id}")


@pytest.mark.parametrize("file", FILES, ids=DAG_IDS)
def test_the_graph_shows_the_tasks_in_the_order_of_the_pipeline(page: Page, file: Path) -> None:
    dag = load(file)
    page.set_viewport_size({"width": 1400, "height": 520})
    page.goto(f"/dags/{dag.dag_id}")
    page.get_by_role("button", name=re.compile("Show Graph")).click()
    page.get_by_role("button", name="Collapse Details Panel").click()
    page.locator(".react-flow__node").nth(len(dag.tasks) - 1).wait_for()
    page.get_by_role("button", name="Fit View").click()
    boxes = until(lambda: settled_boxes(page))
    assert set(boxes) == set(dag.task_ids)
    for task in dag.tasks:
        for downstream in task.downstream_task_ids:
            # From left to right, none over another.
            assert boxes[task.task_id]["x"] + boxes[task.task_id]["width"] < boxes[downstream]["x"]
    # Without the overview and the buttons that float over the graph.
    style = ".react-flow__panel { display: none !important; }"
    picture(page, f"graph-{dag.dag_id}", clip=around(boxes.values()), style=style)


def settled_boxes(page: Page) -> dict[str, Any]:
    """Where each node is, once none moves any more; empty before."""
    nodes = {str(node.get_attribute("data-id")): node for node in page.locator(".react-flow__node").all()}
    first = {name: node.bounding_box() for name, node in nodes.items()}
    page.wait_for_timeout(300)
    return first if first == {name: node.bounding_box() for name, node in nodes.items()} else {}


def around(boxes: Any) -> dict[str, float]:
    found, margin = list(boxes), 16
    left, top = min(box["x"] for box in found) - margin, min(box["y"] for box in found) - margin
    right = max(box["x"] + box["width"] for box in found) + margin
    bottom = max(box["y"] + box["height"] for box in found) + margin
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def test_what_is_entered_takes_effect(stack: Stack, page: Page) -> None:
    before = runs_of(stack, "macd_pipeline")
    form = open_form(page, "macd_pipeline")
    for name, value in (
        ("orders", "40"),
        ("unpaid_share", "0.25"),
        ("duplicate_share", "0.1"),
        ("seed", "7"),
    ):
        field(form, name).fill(value)
    submit(form)
    form.wait_for(state="detached")
    run = new_run(stack, "macd_pipeline", before)
    assert stack.finish(run).state == "success", stack.note(run)
    figures = stack.report(run.run_id).figures
    assert (figures.orders_produced, figures.orders_expected, figures.orders_stored) == (40, 30, 30)
    assert figures.payments_produced == 33
    assert runs_of(stack, "macd_pipeline")[run.dag_run_id]["seed"] == 7


@pytest.mark.parametrize(
    ("name", "entered", "becomes"),
    [("orders", "0", "1"), ("orders", "1000001", "1000000"), ("seed", "-1", "0")],
)
def test_a_number_out_of_bounds_becomes_the_bound_at_once(
    page: Page, name: str, entered: str, becomes: str
) -> None:
    form = open_form(page, "macd_pipeline")
    field(form, name).fill(entered)
    page.keyboard.press("Tab")
    until(lambda: field(form, name).input_value().replace(",", "") == becomes)


def test_what_fits_no_pattern_is_refused_with_the_reason_and_starts_nothing(stack: Stack, page: Page) -> None:
    before = runs_of(stack, "macd_pipeline")
    form = open_form(page, "macd_pipeline")
    field(form, "run_id").fill("Menü")
    submit(form)
    form.get_by_text("Invalid input for param run_id").wait_for()
    assert runs_of(stack, "macd_pipeline") == before


def test_a_range_of_dates_is_chosen_in_the_form_of_the_checks(stack: Stack, page: Page) -> None:
    dag_id = "macd_data_quality"
    before = runs_of(stack, dag_id)
    form = open_form(page, dag_id)
    pick(page, form, "Started since", "2001/01/01")
    pick(page, form, "Started before", "2001/01/03")
    submit(form)
    form.wait_for(state="detached")
    run = new_run(stack, dag_id, before)
    assert stack.finish(run).state == "failed"
    entered = runs_of(stack, dag_id)[run.dag_run_id]
    assert (entered["since"][:10], entered["until"][:10]) == ("2001-01-01", "2001-01-03")
    log = stack.log(run, "find_runs")
    assert "No run was started between 2001-01-01 00:00:00+00:00 and 2001-01-03 00:00:00+00:00" in log


def test_the_page_of_a_run_shows_the_verdict(stack: Stack, page: Page) -> None:
    run = stack.start_run(orders=10)
    assert stack.finish(run).state == "success"
    page.goto(f"/dags/macd_pipeline/runs/{run.dag_run_id}")
    page.get_by_text("10 of 10 expected orders are in MongoDB").first.wait_for()
