"""The dashboard's app: who gets in, what it answers, and that nothing secret or foreign is in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import settings
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api import security
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.base import Base
from airflow.models.dag import DagModel, clear_team_name_cache
from airflow.models.dagbundle import DagBundleModel
from airflow.models.team import Team, dag_bundle_team_association_table
from fastapi import HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from macd.dashboard.desk import Desk
from macd.dashboard.models import Alerts, Runs
from macd.errors import AuthenticationFailed, RequestRejected, RunNotFound, ServiceUnreachable, SpecError
from macd_airflow.plugin import MacdPlugin
from macd_airflow.ui import access, app, views
from macd_airflow.ui.app import Reception

STATIC = Path(app.__file__).parent / "static"
# dist/chart.umd.min.js of chart.js 4.6.1 without its last line, which refers to a source map.
CHART_JS = "c17f2ce49fb9c71ef7fb39c03f868804ac5ab34730149976eebe6b7f807bef0c"


class Board:
    """A dashboard without services."""

    def runs(self) -> Runs:
        return Runs(runs=[])

    def run(self, run_id: str) -> Any:
        if run_id == "r":
            raise RunNotFound(f"There is no seeding run '{run_id}'.", remedy="Seed a run first.")
        raise SpecError("/etc/canary.yaml: the URI cannot be used.", remedy="Correct it at canary:1.")

    def alerts(self) -> Alerts:
        raise ServiceUnreachable("MongoDB", "no answer from canary:27017.", remedy="Check canary:27017.")

    def mismatches(self, hours: int) -> Any:
        raise AuthenticationFailed("MongoDB", "canary:1 refused ada.", remedy="Give canary the role.")

    def payment_methods(self, hours: int) -> Any:
        raise RequestRejected("MongoDB", "canary:1 said no.", remedy="Read the log of canary:1.")


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> scoped_session[Session]:
    """Airflow's database, as far as it says to which team a DAG belongs."""
    engine = create_engine(f"sqlite:///{tmp_path}/airflow.db")
    tables = [DagModel.__table__, DagBundleModel.__table__, Team.__table__, dag_bundle_team_association_table]
    Base.metadata.create_all(engine, tables=tables)
    session = scoped_session(sessionmaker(engine))
    monkeypatch.setattr(settings, "Session", session)
    clear_team_name_cache()
    return session


@pytest.fixture
def client(books: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    allowed = SimpleNamespace(
        is_authorized_dag=lambda **request: request["user"] != "stranger",
        get_url_login=lambda next_url: f"/auth/login?next={next_url}",
    )
    managed_by(allowed, monkeypatch)
    made = app.app()
    reception = Reception(Board, Desk())  # type: ignore[arg-type]
    made.dependency_overrides = {app.reception: lambda: reception, get_user: lambda: "reader"}
    yield TestClient(made, follow_redirects=False)
    made.dependency_overrides = {}


def managed_by(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "get_auth_manager", lambda: manager)
    monkeypatch.setattr(security, "get_auth_manager", lambda: manager)


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
    managed_by(SimpleAuthManager(), monkeypatch)
    as_user(client, SimpleAuthManagerUser(username="somebody", role=role))
    assert client.get("/api/runs").status_code == code
    assert client.get("/static/main.js").status_code == code


@pytest.mark.parametrize(("teams", "code"), [(["burgers"], 200), (["salads"], 403), (None, 403)])
def test_a_dag_of_a_team_is_for_that_team(
    client: TestClient,
    books: scoped_session[Session],
    monkeypatch: pytest.MonkeyPatch,
    teams: list[str] | None,
    code: int,
) -> None:
    bundle = DagBundleModel(name="ours")
    bundle.teams = [Team(name="burgers")]
    books.add_all([bundle, DagModel(dag_id=access.DAG_ID, bundle_name="ours")])
    books.commit()
    managed_by(SimpleAuthManager(), monkeypatch)
    as_user(client, SimpleAuthManagerUser(username="somebody", role="VIEWER", teams=teams))
    assert client.get("/api/runs").status_code == code
    assert client.get("/static/main.js").status_code == code


def test_nobody_gets_in_by_naming_a_dag_of_their_own(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow's dependency reads dag_id from an address that has one."""
    own = SimpleNamespace(is_authorized_dag=lambda **request: request["details"].id == "mine")
    managed_by(own, monkeypatch)
    assert client.get("/api/runs", params={"dag_id": "mine"}).status_code == 403
    assert client.get("/static/main.js", params={"dag_id": "mine"}).status_code == 403


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


def test_a_run_that_does_not_exist_is_told_with_what_to_do(client: TestClient) -> None:
    missing = client.get("/api/run", params={"run_id": "r"})
    assert (missing.status_code, missing.json()["remedy"]) == (404, "Seed a run first.")
    assert "retry-after" not in missing.headers


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("alerts", "MongoDB does not answer."),
        ("mismatches", "MongoDB refused the credentials."),
        ("payment-methods", "MongoDB refused the question."),
        ("run?run_id=q", "The dashboard cannot be used as it is set up."),
    ],
)
def test_what_cannot_be_answered_names_the_service_and_the_log_has_the_rest(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str, told: str
) -> None:
    answer = client.get(f"/api/{path}")
    assert (answer.status_code, answer.json()["error"]) == (503, told)
    assert answer.headers["retry-after"] == "5"
    assert "canary" not in answer.text
    assert "canary" in caplog.text


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
