from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
import requests
import requests_mock

from macd.local import probes


@pytest.fixture
def adapter() -> requests_mock.Adapter:
    return requests_mock.Adapter()


@pytest.fixture
def session(adapter: requests_mock.Adapter) -> requests.Session:
    session = requests.Session()
    session.mount("http://", adapter)
    return session


def test_connect_lists_the_sink(adapter: requests_mock.Adapter, session: requests.Session) -> None:
    adapter.register_uri("GET", "http://127.0.0.1:1/connectors", json=[])
    adapter.register_uri("GET", "http://127.0.0.1:1/connector-plugins", json=[{"class": "x.Sink"}])
    probes.connect(1, ("x.Sink",), session)()
    with pytest.raises(probes.NotHealthy, match=r"y\.Sink"):
        probes.connect(1, ("y.Sink",), session)()


def test_flink_has_a_task_manager(adapter: requests_mock.Adapter, session: requests.Session) -> None:
    answers = [{"json": {"taskmanagers": 0}}, {"json": {"taskmanagers": 1}}]
    adapter.register_uri("GET", "http://127.0.0.1:1/overview", answers)
    with pytest.raises(probes.NotHealthy):
        probes.flink(1, session)()
    probes.flink(1, session)()


def test_ksqldb_says_it_is_healthy(adapter: requests_mock.Adapter, session: requests.Session) -> None:
    answers = [{"json": {"isHealthy": False, "details": "kafka"}}, {"json": {"isHealthy": True}}]
    adapter.register_uri("GET", "http://127.0.0.1:1/healthcheck", answers)
    with pytest.raises(probes.NotHealthy, match="kafka"):
        probes.ksqldb(1, session)()
    probes.ksqldb(1, session)()


def test_airflow_judges_each_part(adapter: requests_mock.Adapter, session: requests.Session) -> None:
    parts = {"scheduler": {"status": "healthy"}, "triggerer": {"status": None}}
    adapter.register_uri("GET", "http://127.0.0.1:1/api/v2/monitor/health", json=parts)
    probes.airflow(1, "scheduler", session)()
    with pytest.raises(probes.NotHealthy, match="triggerer is None"):
        probes.airflow(1, "triggerer", session)()


@pytest.mark.parametrize(("level", "puts"), [("NONE", 1), ("FULL", 0)])
def test_a_fresh_registry_is_made_to_check_compatibility(
    level: str, puts: int, adapter: requests_mock.Adapter, session: requests.Session
) -> None:
    adapter.register_uri("GET", "http://127.0.0.1:1/config", json={"compatibilityLevel": level})
    put = adapter.register_uri("PUT", "http://127.0.0.1:1/config", json={"compatibility": "BACKWARD"})
    probes.require_compatibility("http://127.0.0.1:1", session)
    assert put.call_count == puts


def test_smtp_greets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            connection.sendall(b"220 hello\r\n")
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        probes.smtp(server.getsockname()[1])()
        thread.join()


def test_kafka_is_down(free_port: Callable[[], int]) -> None:
    with pytest.raises(ConnectionRefusedError):
        probes.kafka(free_port())()


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (requests.ConnectionError("a long story"), "nobody answers"),
        (requests.ReadTimeout(), "no answer within 3 s"),
        (TimeoutError(), "no answer within 3 s"),
        (KeyError("taskmanagers"), "'taskmanagers'"),
        (ValueError(), "ValueError"),
    ],
)
def test_reasons_are_short(problem: Exception, words: str) -> None:
    assert probes.reason(problem) == words


def test_an_http_error_names_its_status(adapter: requests_mock.Adapter, session: requests.Session) -> None:
    adapter.register_uri("GET", "http://127.0.0.1:1/health/ready", status_code=503)
    with pytest.raises(requests.HTTPError) as caught:
        probes.http(1, "/health/ready", session)()
    assert probes.reason(caught.value) == "answers with HTTP 503"
