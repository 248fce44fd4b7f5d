from __future__ import annotations

from typing import Any

import pytest
import requests_mock

from macd.repair.sinks import restart_failed_sinks
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_services

PIPELINE = load_pipeline(REPOSITORY / "include", "local")
SERVICES = resolve_services(PIPELINE.target, {})
CONNECT = SERVICES.kafka_connect.url
FIRST, SECOND, THIRD = (connector.name for connector in PIPELINE.connectors)


def status(name: str, connector: str = "RUNNING", task: str = "RUNNING", trace: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "connector": {"state": connector},
        "tasks": [{"id": 0, "state": task, "trace": trace}],
    }


def worker(transport: requests_mock.Mocker, *statuses: dict[str, Any]) -> None:
    for name in (FIRST, SECOND, THIRD):
        missing = {"error_code": 404, "message": "none"}
        transport.get(f"{CONNECT}/connectors/{name}/status", status_code=404, json=missing)
        transport.post(f"{CONNECT}/connectors/{name}/restart", status_code=202)
    for each in statuses:
        transport.get(f"{CONNECT}/connectors/{each['name']}/status", json=each)


def restarted(transport: requests_mock.Mocker) -> list[str]:
    posts = [each for each in transport.request_history if each.method == "POST"]
    return [each.path.split("/")[2] for each in posts]


def test_only_what_failed_is_restarted_and_its_reason_told(requests_mock: requests_mock.Mocker) -> None:
    failed = status(SECOND, task="FAILED", trace="DataException: no server\n\tat x")
    worker(requests_mock, status(FIRST), failed)
    told: list[str] = []
    assert restart_failed_sinks(PIPELINE, SERVICES, told.append) == (SECOND,)
    assert restarted(requests_mock) == [SECOND]
    assert told == [f"Restarted connector {SECOND}, which had failed: DataException: no server"]


@pytest.mark.parametrize("state", ["RUNNING", "PAUSED", "UNASSIGNED"])
def test_what_has_not_failed_is_left_alone(requests_mock: requests_mock.Mocker, state: str) -> None:
    worker(requests_mock, *(status(name, state, state) for name in (FIRST, SECOND, THIRD)))
    assert restart_failed_sinks(PIPELINE, SERVICES) == ()
    assert restarted(requests_mock) == []
