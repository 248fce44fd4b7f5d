"""The dashboard's app: who gets in, what it answers, and that nothing secret or foreign is in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import HTTPException
from fastapi.testclient import TestClient

from macd.dashboard.models import Alerts, Runs
from macd.errors import RunNotFound, ServiceUnreachable, SpecError
from macd_airflow.plugin import MacdPlugin
from macd_airflow.ui import access, app, views

STATIC = Path(app.__file__).parent / "static"
# dist/chart.umd.min.js of chart.js 4.6.1 without its last line, which refers to a source map.
CHART_JS = "c17f2ce49fb9c71ef7fb39c03f868804ac5ab34730149976eebe6b7f807bef0c"


class Board:
    """A dashboard without services."""

    def runs(self, limit: int) -> Runs:
        return Runs(runs=[])

    def run(self, run_id: str) -> Any:
        if run_id == "r":
            raise RunNotFound(f"There is no seeding run '{run_id}'.", remedy="Seed a run first.")
        raise SpecError("The MongoDB URI cannot be used.", remedy="Correct it.")

    def alerts(self) -> Alerts:
        raise ServiceUnreachable("MongoDB", "no answer.", remedy="Check that it runs.")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    allowed = SimpleNamespace(
        is_authorized_dag=lambda **request: request["user"] != "stranger",
        get_url_login=lambda next_url: f"/auth/login?next={next_url}",
    )
    monkeypatch.setattr(access, "get_auth_manager", lambda: allowed)
    made = app.app()
    made.dependency_overrides = {app.dashboard: Board, get_user: lambda: "reader"}
    yield TestClient(made, follow_redirects=False)
    made.dependency_overrides = {}


def as_user(client: TestClient, user: Any) -> None:
    def get() -> Any:
        if user is None:
            raise HTTPException(401, "Not authenticated")
        return user

    client.app.dependency_overrides[get_user] = get  # type: ignore[attr-defined]


def paths(client: TestClient) -> list[str]:
    described = client.get("/openapi.json").json()["paths"]
    return [path for path in described if path.startswith("/api/")]


def test_airflow_is_told_of_the_app_and_of_the_page() -> None:
    assert MacdPlugin.fastapi_apps[0]["url_prefix"] == "/macd"
    [view] = MacdPlugin.external_views
    assert view["href"].endswith("/macd/")
    assert view["destination"] == "nav"


def test_every_endpoint_only_reads_and_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]
    assert len(described) == 8
    for path, methods in described.items():
        assert list(methods) == ["get"], path
        assert methods["get"]["summary"], path
        assert methods["get"]["description"], path


def test_strangers_get_nothing(client: TestClient) -> None:
    everything = [*paths(client), "/", "/openapi.json", "/static/main.js"]
    as_user(client, "stranger")
    assert {path: client.get(path).status_code for path in everything} == dict.fromkeys(everything, 403)
    as_user(client, None)
    assert {path: client.get(path).status_code for path in everything} == dict.fromkeys(everything, 401)


@pytest.mark.parametrize(("role", "code"), [("VIEWER", 200), ("USER", 200), ("ADMIN", 200), (None, 403)])
def test_airflows_own_roles_decide(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, role: str | None, code: int
) -> None:
    """Whoever may read the DAG in Airflow sees the page; somebody without a role gets nothing."""
    manager = SimpleAuthManager()
    monkeypatch.setattr(access, "get_auth_manager", lambda: manager)
    as_user(client, SimpleAuthManagerUser(username="somebody", role=role))
    assert client.get("/api/runs").status_code == code
    assert client.get("/static/main.js").status_code == code


def test_a_browser_without_a_session_is_led_to_the_login_and_back(client: TestClient) -> None:
    as_user(client, None)
    answer = client.get("/", params={"run": "a b"}, headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/auth/login?next=/macd/?run=a+b"
    assert client.get("/api/runs", headers={"Accept": "text/html"}).status_code == 401


def test_answers_carry_a_strict_policy_and_are_not_kept(client: TestClient) -> None:
    answer = client.get("/api/runs")
    assert answer.json() == {"runs": []}
    assert answer.headers["cache-control"] == "no-store"
    for headers in (answer.headers, client.get("/").headers):
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_what_cannot_be_answered_says_why_and_what_to_do(client: TestClient) -> None:
    missing = client.get("/api/run", params={"run_id": "r"})
    assert (missing.status_code, missing.json()["remedy"]) == (404, "Seed a run first.")
    wrong = client.get("/api/run", params={"run_id": "q"})
    assert (wrong.status_code, wrong.json()["remedy"]) == (503, "Correct it.")
    down = client.get("/api/alerts")
    assert (down.status_code, down.json()["error"]) == (503, "MongoDB: no answer.")


@pytest.mark.parametrize("query", ["hours=0", "hours=745", "hours=x"])
def test_ranges_have_bounds(client: TestClient, query: str) -> None:
    assert client.get(f"/api/revenue?{query}").status_code == 422


@pytest.mark.parametrize("name", ["../app.py", "..%2Fapp.py", "nothing.js", "vendor"])
def test_only_the_pages_own_files_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", page)
    for script in STATIC.glob("*.js"):
        assert "innerHTML =" not in script.read_text(), script.name


def test_the_charting_library_is_the_published_one() -> None:
    content = (STATIC / "vendor" / "chart.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHART_JS
    assert b"Chart.js v4.6.1" in content[:200]
    assert "MIT" in (STATIC / "vendor" / "chart.js.LICENSE.md").read_text()


def test_a_path_of_airflow_is_part_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://data.example/airflow/")
    assert views.base_path() == "/airflow"
