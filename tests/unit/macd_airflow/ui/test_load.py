"""A MongoDB that hangs costs the dashboard an answer, and the rest of Airflow's API nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient

from macd.dashboard import dashboard
from macd.dashboard.dashboard import Dashboard
from macd.dashboard.desk import Desk
from macd.pipeline import Pipeline
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_services
from macd_airflow.ui import app as module
from macd_airflow.ui.access import MAY_READ
from macd_airflow.ui.app import Reception
from tests.hanging_mongodb import hanging_mongodb

SPEC = load_pipeline(REPOSITORY / "include", "local")
# How long MongoDB hangs, and how long a page waits for it.
HANGS_S = 5.0
PATIENCE_S = 0.5
# More than the threads that FastAPI has for all plain functions of an API together.
PAGES = 60


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """An API with an endpoint of its own, and with the dashboard of a pipeline whose MongoDB hangs."""
    monkeypatch.setattr(dashboard, "LIMIT_S", HANGS_S)
    with hanging_mongodb(greets=False) as server:
        services = resolve_services(SPEC.target, {"MACD_LOCAL_MONGODB_PORT": str(server.server_address[1])})
        board = Dashboard(Pipeline(SPEC, services, {}))
        desk = Desk(threads=4, most_waiting=0, patience_s=PATIENCE_S)
        reception = Reception(lambda: board, desk)
        ours = module.app()
        ours.dependency_overrides = {
            module.reception: lambda: reception,
            get_user: lambda: "reader",
            MAY_READ.dependency: _anybody,
        }
        whole = FastAPI()
        whole.get("/others")(lambda: "here")
        whole.mount("/macd", ours)
        whole.state.desk = desk
        yield whole
        ours.dependency_overrides = {}


async def _anybody(request: Request) -> None:
    return None


def test_others_are_answered_while_every_page_waits(airflow: FastAPI) -> None:
    async def look() -> tuple[float, list[int], list[str | None]]:
        async with AsyncClient(transport=ASGITransport(airflow), base_url="http://airflow.test") as client:
            paths = [f"/macd/api/revenue?hours={1 + number}" for number in range(PAGES)]
            pages = [asyncio.ensure_future(client.get(path)) for path in paths]
            await asyncio.sleep(0.1)
            began = time.monotonic()
            assert (await client.get("/others")).json() == "here"
            took = time.monotonic() - began
            answers = await asyncio.gather(*pages)
            assert time.monotonic() - began < HANGS_S - 1
            await asyncio.to_thread(airflow.state.desk._pool.shutdown)
            return took, [a.status_code for a in answers], [a.headers.get("retry-after") for a in answers]

    took, codes, again = asyncio.run(look())
    assert took < HANGS_S / 2
    assert codes == [503] * PAGES
    assert again == ["5"] * PAGES
