"""The dashboard inside the real Airflow, in a real browser, with the numbers of a real run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from macd.dashboard.links import dashboard_url
from macd.local.mailbox import Mail, mails
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.stack import Stack, run_with_report, until, why

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
RUN = "seen-on-the-dashboard"
COLLECTION = "orders_payments_joined"


@pytest.fixture(scope="module")
def lost(stack: Stack) -> Iterator[str]:
    """A run with mismatched and unpaid orders that then lost a document: the order's id.

    The document comes back and the run passes again: what checks all runs is to find nothing wrong later.
    """
    arguments = ("--orders", "60", "--mismatch-share", "0.1", "--unpaid-share", "0.1", "--run-id", RUN)
    before = set(stack.documents())
    code, outcome = run_with_report(*arguments)
    assert code == 0, why(outcome)
    lost = min(set(stack.documents()) - before)
    document = stack.documents()[lost]
    stack.in_collection(lambda database: database[COLLECTION].delete_one({"_id": lost}))
    try:
        code, _ = run_with_report(*arguments)
        assert code == 10
        yield lost
    finally:
        stack.in_collection(lambda database: database[COLLECTION].insert_one(document))
        code, outcome = run_with_report(*arguments)
    assert code == 0, why(outcome)


def open_page(page: Page, path: str = "/macd/") -> Page:
    page.goto(path)
    page.locator("html[data-updated]").wait_for(state="attached")
    return page


def test_strangers_are_led_to_the_login(stack: Stack, chromium: Browser) -> None:
    context = chromium.new_context(base_url=stack.airflow_url)
    page = context.new_page()
    page.goto("/macd/")
    assert "/auth/login" in page.url
    answer = context.request.get("/macd/api/runs")
    assert answer.status == 401
    context.close()


def test_a_run_is_shown_with_its_numbers_and_its_missing_order(page: Page, lost: str) -> None:
    open_page(page)
    row = page.locator("#runs tr", has_text=RUN)
    assert "Failed" in row.inner_text()
    assert "no order missing" in row.inner_text()
    row.get_by_role("link", name=RUN).click()
    run = page.get_by_role("region", name=f"Run {RUN}")
    run.get_by_text(lost).wait_for()
    facts = dict(zip(run.locator("dt").all_inner_texts(), run.locator("dd").all_inner_texts(), strict=True))
    assert facts == {
        "Produced": "60",
        "Acknowledged": "60",
        "Expected": "54",
        "Joined": "54",
        "Stored": "53",
        "Dead-lettered": "0",
        "Missing": "1",
    }
    assert "not stored" in run.inner_text()


def test_charts_and_tables_tell_the_stored_sales(stack: Stack, page: Page, lost: str) -> None:
    open_page(page)
    page.select_option("#hours", "168")
    documents = stack.documents().values()
    total = sum(document["order_total"].to_decimal() for document in documents)
    page.locator(f'#revenue[aria-label*="${total:,.2f} from {len(documents):,} orders"]').wait_for()
    methods = page.request.get("/macd/api/payment-methods?hours=168").json()["methods"]
    assert sum(method["payments"] for method in methods) == len(documents)
    found = page.request.get("/macd/api/mismatches?hours=168&limit=500").json()
    listed = {each["order_id"] for each in found["mismatches"]}
    differing = {key for key, d in stack.documents().items() if d["order_total"] != d["payment_amount"]}
    # Other tests leave some behind, perhaps more than a page lists.
    assert (len(listed), listed <= differing) == (min(500, len(differing)), True)
    assert found["truncated"] is (len(differing) > 500)


def test_every_part_is_on_the_map(page: Page, lost: str) -> None:
    open_page(page)
    text = page.locator("#map").inner_text()
    for name in ("macd_orders", "macd_payments-value", "MACD_HOURLY_REVENUE", COLLECTION, "hourly_revenue"):
        assert name in text
    # The arrows that carry a lag lead from topics to who reads them. The others only show the way.
    arrows = page.locator("#map .flow")
    arrows.filter(has_text="up to date").nth(3).wait_for()
    assert [" ".join(arrow.inner_text().split()) for arrow in arrows.all()] == [
        *("→ up to date", "→", "→ up to date", "→", "→ up to date", "→", "→ up to date", "→")
    ]
    spec = load_pipeline(REPOSITORY / "include", "local")
    kinds = (spec.topics, spec.schemas, spec.queries, spec.connectors, spec.connectors)
    parts = sum(map(len, kinds))
    page.locator("#map .part.ok").nth(parts - 1).wait_for()
    assert page.locator("#map .part").count() == parts


def test_it_is_in_the_navigation_and_talks_to_nobody_else(stack: Stack, page: Page, lost: str) -> None:
    hosts, errors = set(), []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    page.get_by_role("link", name="Pipeline", exact=True).click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Revenue by hour").wait_for()
    frame.get_by_role("link", name=RUN).first.wait_for()
    assert hosts - {""} == {urlsplit(stack.airflow_url).netloc}
    assert errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone_in_both_themes(page: Page, lost: str, theme: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_page(page, f"/macd/?run={RUN}")
    page.select_option("#theme", theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.select_option("#theme", "auto")


def test_all_of_it_is_reached_by_keyboard_and_has_a_name(page: Page, lost: str) -> None:
    open_page(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert {"hours", "theme", "pause", "runs", RUN} <= reached
    for control in page.locator("a, button, select, summary").all():
        # Not inner_text: that of a control inside something folded up is empty.
        assert (
            (control.text_content() or "").strip()
            or control.get_attribute("aria-label")
            or control.evaluate("element => element.labels?.length > 0")
        )


def test_the_link_in_an_alert_leads_from_the_mail_to_the_run(stack: Stack, page: Page, lost: str) -> None:
    [alert, *_] = until(lambda: [mail for mail in mails(stack.config) if is_alert(mail)])
    assert lost in alert.html
    page.set_content(alert.html)
    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("heading", name=f"Run {RUN}").wait_for()
    page.get_by_role("region", name=f"Run {RUN}").get_by_text(lost).wait_for()
    assert page.url == dashboard_url(stack.airflow_url, RUN)


def is_alert(mail: Mail) -> bool:
    return mail.subject.startswith("[FAIL] ") and mail.subject.endswith(f"run {RUN}")


def test_a_service_that_is_down_is_named_and_the_rest_stays(stack: Stack, page: Page, lost: str) -> None:
    stack.stop("registry")
    try:
        open_page(page)
        page.locator("#map .part.unknown", has_text="macd_orders-value").wait_for()
        assert "no answer" in page.locator("#map").inner_text().lower()
        assert page.locator("#runs tr").count() > 1
    finally:
        stack.start("registry")
