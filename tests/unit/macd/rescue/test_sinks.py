from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import requests_mock

from macd.errors import ServiceError
from macd.pipeline import Pipeline
from macd.rescue.budget import Attempts, Budget
from macd.rescue.sinks import SinkRescue, restart_due_sinks, restart_failed_sinks
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_connector_config, resolve_services

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
    """A worker with these connectors, configured as include/ says."""
    extra = resolve_connector_config(PIPELINE.target, {})
    told = {each["name"]: each for each in statuses}
    for spec in PIPELINE.connectors:
        url, missing = f"{CONNECT}/connectors/{spec.name}", {"error_code": 404, "message": "none"}
        there = spec.name in told
        config = {"name": spec.name, **spec.config, **extra} if there else missing
        transport.get(f"{url}/config", status_code=200 if there else 404, json=config)
        transport.get(f"{url}/status", status_code=200 if there else 404, json=told.get(spec.name, missing))
        transport.post(f"{url}/restart", status_code=202)
    transport.put(re.compile("/connector-plugins/.*/config/validate"), json={"configs": []})


def changed(transport: requests_mock.Mocker) -> list[str]:
    asked = ((each.method, each.path) for each in transport.request_history)
    return [path for method, path in asked if method != "GET" and not path.endswith("/validate")]


def test_only_what_failed_is_restarted_and_its_reason_told(requests_mock: requests_mock.Mocker) -> None:
    failed = status(SECOND, task="FAILED", trace="DataException: no server\n\tat x")
    worker(requests_mock, status(FIRST), failed)
    told: list[str] = []
    restarted = restart_failed_sinks(PIPELINE, SERVICES, told.append, {})
    assert [change.resource for change in restarted.changes] == [f"connector {SECOND}"]
    assert changed(requests_mock) == [f"/connectors/{SECOND}/restart"]
    assert "task 0 failed: DataException: no server" in told[0]


@pytest.mark.parametrize("state", ["RUNNING", "PAUSED", "UNASSIGNED"])
def test_what_has_not_failed_is_left_alone(requests_mock: requests_mock.Mocker, state: str) -> None:
    worker(requests_mock, *(status(name, state, state) for name in (FIRST, SECOND, THIRD)))
    assert restart_failed_sinks(PIPELINE, SERVICES, environment={}).changes == ()
    assert changed(requests_mock) == []


def test_what_may_not_be_restarted_yet_waits_and_what_may_no_more_is_told(
    requests_mock: requests_mock.Mocker,
) -> None:
    worker(requests_mock, *(status(name, task="FAILED") for name in (FIRST, SECOND, THIRD)))
    now = datetime(2026, 7, 16, 12, tzinfo=UTC)
    before = {
        f"connector {FIRST}": Attempts(restarts=1, last=now - timedelta(seconds=29)),
        f"connector {SECOND}": Attempts(restarts=7, last=now - timedelta(hours=1)),
        f"connector {THIRD}": Attempts(restarts=1, last=now - timedelta(seconds=30)),
    }
    budget = Budget(before, lambda: now)
    rescue = restart_due_sinks(Pipeline(PIPELINE, SERVICES, {}), budget)
    assert [[change.resource for change in plan.changes] for plan in rescue] == [
        [f"connector {THIRD}"],
        [f"connector {FIRST}"],
        [f"connector {SECOND}"],
    ]
    assert changed(requests_mock) == [f"/connectors/{THIRD}/restart"]
    assert budget.attempts[f"connector {THIRD}"] == Attempts(restarts=2, last=now)


def test_a_restart_that_is_refused_counts_as_well(requests_mock: requests_mock.Mocker) -> None:
    worker(requests_mock, *(status(name, task="FAILED") for name in (FIRST, SECOND)))
    requests_mock.post(f"{CONNECT}/connectors/{SECOND}/restart", status_code=500, json={"message": "no"})
    now = datetime(2026, 7, 16, 12, tzinfo=UTC)
    budget = Budget(now=lambda: now)
    with pytest.raises(ServiceError, match="no"):
        restart_due_sinks(Pipeline(PIPELINE, SERVICES, {}), budget)
    once = Attempts(restarts=1, last=now)
    assert budget.attempts == {f"connector {FIRST}": once, f"connector {SECOND}": once}


def test_whoever_waits_restarts_a_sink_once_and_not_at_every_look(
    requests_mock: requests_mock.Mocker,
) -> None:
    worker(requests_mock, status(FIRST, task="FAILED"), status(SECOND))
    rescue = SinkRescue(PIPELINE, SERVICES, environment={})
    assert [rescue(), rescue()] == [True, False]
    assert changed(requests_mock) == [f"/connectors/{FIRST}/restart"]


def test_while_connect_is_away_waiting_on_makes_sense(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get(re.compile(CONNECT), exc=requests.ConnectionError)
    told: list[str] = []
    assert SinkRescue(PIPELINE, SERVICES, told.append, {})()
    assert told[0].startswith("Waiting on. Kafka Connect: no answer from")


def test_what_cannot_be_looked_at_is_no_reason_to_wait(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get(re.compile(CONNECT), status_code=401)
    told: list[str] = []
    assert not SinkRescue(PIPELINE, SERVICES, told.append, {})()
    assert told[0].startswith("Sinks could not be looked at. Kafka Connect:")
