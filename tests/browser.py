"""A headless Chromium, logged in to the local Airflow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from macd.local.airflow import ADMIN, password

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.stack import Stack

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, because tests in CI run as root; the rest keeps it from calling home.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
# Airflow's pages load several megabytes of scripts, and the machine runs the whole stack beside it.
TIMEOUT_MS = 60_000
DESKTOP = {"width": 1400, "height": 1000}


def program_or_leave() -> str:
    """The browser's program. Where CI is set nobody would notice that its tests have not run."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        leave = pytest.fail if os.environ.get("CI", "").lower() in ("true", "1") else pytest.skip
        leave(f"no browser: none of {', '.join(PROGRAMS)} is installed")
    return program


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; where none is installed (`make browser` does it) tests are skipped, and fail in CI."""
    from playwright.sync_api import sync_playwright

    program = program_or_leave()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def session(chromium: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """A browser session that went through Airflow's login form."""
    context = chromium.new_context(base_url=stack.airflow_url, viewport=DESKTOP)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto("/")
    page.fill("input[name=username]", ADMIN)
    page.fill("input[name=password]", password(stack.config))
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(session: BrowserContext) -> Iterator[Page]:
    """A new page of the logged-in session."""
    page = session.new_page()
    yield page
    page.close()
