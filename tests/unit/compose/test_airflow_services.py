"""What Airflow's containers are told: Connections that the hooks read, and a login without a default."""

from __future__ import annotations

import importlib.util
import json
import stat
from types import ModuleType
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.core_api.routes.public.auth import login as login_route
from fastapi import HTTPException, Request

from macd.compose.env import values
from macd.settings import REPOSITORY
from macd.specs import HttpService, load_target, resolve_connector_config, resolve_services
from macd_airflow.hooks.services import ConnectionIds
from tests.unit.compose.files import EXAMPLE, SECRETS, services

ENVIRONMENT = services()["airflow-scheduler"]["environment"]
AIRFLOW = sorted(name for name in services() if name.startswith("airflow-"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "docker" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def connections(monkeypatch):
    for name, value in ENVIRONMENT.items():
        if name.startswith("AIRFLOW_CONN_"):
            monkeypatch.setenv(name, value)


def test_all_of_airflow_has_the_same_settings():
    for name in AIRFLOW:
        environment = dict(services()[name]["environment"])
        environment.pop("AIRFLOW_ADMIN_PASSWORD", None)
        assert environment == ENVIRONMENT


def test_the_hooks_find_the_containers_with_user_and_password(connections):
    found = ConnectionIds().services()
    kafka = {key: value.get_secret_value() for key, value in found.kafka.config.items()}
    assert kafka == {
        "bootstrap.servers": "kafka:19092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "pipeline",
        "sasl.password": SECRETS["MACD_KAFKA_PASSWORD"],
    }
    assert found.schema_registry.url == "http://schema-registry:8081"
    assert found.ksqldb.url == "http://ksqldb:8088"
    assert found.kafka_connect.url == "http://connect:8083"
    assert login(found.kafka_connect) == ("pipeline", SECRETS["MACD_CONNECT_PASSWORD"])
    assert found.mongodb.database == "macd"
    uri = found.mongodb.uri.get_secret_value()
    assert uri.startswith(f"mongodb://macd:{SECRETS['MACD_MONGODB_PASSWORD']}@mongodb:27017/macd?")
    assert set(uri.partition("?")[2].split("&")) == {"authSource=admin", "retryWrites=false"}


def login(service: HttpService) -> tuple[str | None, str]:
    assert service.password is not None
    return service.username, service.password.get_secret_value()


def test_the_mail_connection_logs_in():
    mail = json.loads(ENVIRONMENT["AIRFLOW_CONN_MACD_SMTP"])
    assert (mail["host"], mail["login"], mail["password"]) == (
        "mailpit",
        "macd",
        SECRETS["MAILPIT_SMTP_PASSWORD"],
    )
    assert services()["mailpit"]["environment"]["MP_SMTP_AUTH"] == f"macd:{mail['password']}"


def test_this_machine_reaches_the_same_services_by_the_target():
    target = load_target(REPOSITORY / "include", "compose")
    found = resolve_services(target, SECRETS)
    published = {
        port.rsplit(":", 1)[0] for service in services().values() for port in service.get("ports", ())
    }
    assert found.kafka.config["bootstrap.servers"].get_secret_value() in published
    for service in (found.schema_registry, found.ksqldb, found.kafka_connect):
        assert service.url.removeprefix("http://") in published
    assert login(found.kafka_connect) == ("pipeline", SECRETS["MACD_CONNECT_PASSWORD"])
    assert "@127.0.0.1:28017/" in found.mongodb.uri.get_secret_value()
    assert "127.0.0.1:28017" in published


def test_no_password_gets_into_a_connectors_configuration():
    target = load_target(REPOSITORY / "include", "compose")
    config = resolve_connector_config(target, SECRETS)
    assert not [value for value in config.values() if any(secret in value for secret in SECRETS.values())]
    assert config["connection.uri"] == "${env:MACD_MONGODB_URI}"
    worker = services()["connect"]["environment"]
    assert worker["CONNECT_CONFIG_PROVIDERS_ENV_PARAM_ALLOWLIST_PATTERN"] in worker


def test_a_target_without_its_env_file_says_which_variable_is_missing():
    target = load_target(REPOSITORY / "include", "compose")
    with pytest.raises(Exception, match="MACD_KAFKA_PASSWORD"):
        resolve_services(target, {})


def test_the_login_is_written_for_this_user_only(tmp_path):
    file = tmp_path / "passwords.json"
    file.write_text("an earlier and longer content of the file")
    script("airflow_init").write_password(str(file), "new")
    assert json.loads(file.read_text()) == {"admin": "new"}
    other = tmp_path / "fresh.json"
    script("airflow_init").write_password(str(other), "new")
    assert stat.S_IMODE(other.stat().st_mode) == 0o600


@pytest.mark.parametrize("host", ["127.0.0.1:28080", "localhost:28080"])
def test_the_login_stays_at_the_name_that_the_page_was_opened_by(host, monkeypatch):
    """A cookie of localhost is none of 127.0.0.1: sent to the other name, one would log in for ever."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", ENVIRONMENT["AIRFLOW__API__BASE_URL"])
    there = where_the_login_is(host, f"http://{host}/dags")
    assert there.startswith("/")
    assert parse_qs(urlsplit(there).query) == {"next": [f"http://{host}/dags"]}


def test_a_login_leads_nowhere_else(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", ENVIRONMENT["AIRFLOW__API__BASE_URL"])
    with pytest.raises(HTTPException, match="unsafe next URL"):
        where_the_login_is("localhost:28080", "http://example.com/dags")


def where_the_login_is(host: str, page: str) -> str:
    """Where Airflow sends a browser that has not logged in and wants a page."""
    scope = {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "root_path": ""}
    request = Request(scope | {"headers": [(b"host", host.encode())]})
    return str(login_route(request, SimpleAuthManager(), page).headers["location"])


def test_the_health_check_tells_an_answer_from_none(requests_server):
    answers = script("answers").answers
    assert answers(f"{requests_server}/good")
    assert not answers(f"{requests_server}/bad")
    assert not answers("http://127.0.0.1:9/")


@pytest.mark.parametrize(("part", "healthy"), [("scheduler", True), ("triggerer", False), ("other", False)])
def test_the_health_check_tells_one_part_of_airflow_from_another(requests_server, part, healthy):
    assert script("answers").answers(f"{requests_server}/good", part) is healthy


def test_the_example_names_what_airflow_needs():
    assert {"AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_ADMIN_PASSWORD"} <= set(values(EXAMPLE))
