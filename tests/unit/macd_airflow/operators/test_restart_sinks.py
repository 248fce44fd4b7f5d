"""The task that restarts sinks, over many minutes, against a Connect worker in memory."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import requests_mock
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from macd.rescue.budget import Budget
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_connector_config
from macd_airflow.operators import restart_sinks
from macd_airflow.operators.restart_sinks import VARIABLE, RestartSinksOperator
from tests.unit.macd_airflow.context import context
from tests.unit.macd_airflow.notifications.conftest import FakeVariables

PIPELINE = load_pipeline(REPOSITORY / "include", "local")
SINK, *OTHERS = (spec.name for spec in PIPELINE.connectors)
BEGIN = datetime(2026, 7, 16, 12, tzinfo=UTC)


class Worker:
    """One sink of all can be failed; it remembers when it was restarted."""

    def __init__(self, transport: requests_mock.Mocker) -> None:
        self.failed, self.now, self.restarts = False, BEGIN, []
        extra = resolve_connector_config(PIPELINE.target, {})
        for spec in PIPELINE.connectors:
            url = f"http://connect.test/connectors/{spec.name}"
            transport.get(f"{url}/config", json={"name": spec.name, **spec.config, **extra})
            transport.get(f"{url}/status", json=self.status)
            transport.post(f"{url}/restart", text=self.restart)

    def status(self, request: Any, _: Any) -> dict[str, Any]:
        name = request.path.split("/")[2]
        state = "FAILED" if self.failed and name == SINK else "RUNNING"
        tasks = [{"id": 0, "state": state, "trace": "DataException: no server\n\tat x"}]
        return {"name": name, "connector": {"state": "RUNNING"}, "tasks": tasks}

    def restart(self, request: Any, _: Any) -> str:
        assert request.path == f"/connectors/{SINK}/restart"
        self.restarts.append(int((self.now - BEGIN).total_seconds()) // 60)
        return ""


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> FakeVariables:
    made = FakeVariables()
    monkeypatch.setattr(restart_sinks, "Variable", made)
    return made


@pytest.fixture
def worker(
    requests_mock: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch, variables: FakeVariables
) -> Worker:
    made = Worker(requests_mock)
    monkeypatch.setattr("macd_airflow.operators.restart_sinks.utc_now", lambda: made.now)
    return made


def run(worker: Worker, minute: int) -> dict[str, Any]:
    """What the task of this minute leaves: its XComs, and its error."""
    worker.now, task = BEGIN + timedelta(minutes=minute), context()
    left: dict[str, Any] = {}
    try:
        left["returned"] = RestartSinksOperator(task_id="t").execute(task)
    except AirflowFailException as error:
        left["error"] = str(error)
    return left | task["ti"].xcoms


@pytest.mark.usefixtures("connections")
def test_a_sink_that_fails_again_and_again_is_restarted_ever_later_then_alerted_once_it_is_too_often(
    worker: Worker,
) -> None:
    worker.failed = True
    looks = [run(worker, minute) for minute in range(40)]
    assert worker.restarts == [0, 1, 2, 4, 8, 16, 32]
    assert [minute for minute, look in enumerate(looks) if "error" in look] == list(range(33, 40))
    assert looks[0]["returned"] == {"restarted": [f"connector {SINK}"], "waiting": [], "spent": []}
    assert looks[3]["verdict"] == "failed sinks: 1 waiting"
    assert looks[3]["findings"] == []
    [finding] = looks[33]["findings"]
    assert (finding["subject"], finding["severity"]) == ("sinks", "fail")
    assert (
        "fails after every restart: restart; task 0 failed: DataException: no server" in (finding["message"])
    )
    assert looks[33]["error"].endswith("starts the sink again.")


@pytest.mark.usefixtures("connections")
def test_after_it_was_well_for_long_it_has_all_restarts_again(
    worker: Worker, variables: FakeVariables
) -> None:
    worker.failed = True
    assert run(worker, 0)["returned"]["restarted"] == [f"connector {SINK}"]
    assert json.loads(variables.values[VARIABLE])[f"connector {SINK}"]["restarts"] == 1
    worker.failed = False
    for minute in range(1, 12):
        assert run(worker, minute)["verdict"] == "no sink has failed"
    assert json.loads(variables.values[VARIABLE]) == {}
    assert run(worker, 12)["subjects"] == ["sinks"], "which ends an incident"


@pytest.mark.usefixtures("connections")
def test_it_is_skipped_while_connect_does_not_answer(
    variables: FakeVariables, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(re.compile("connect.test"), exc=requests.ConnectionError)
    with pytest.raises(AirflowSkipException, match="Kafka Connect: no answer from http://connect"):
        RestartSinksOperator(task_id="t").execute(context())
    assert variables.values == {}


def test_it_is_skipped_where_nothing_is_set_up(variables: FakeVariables) -> None:
    with pytest.raises(AirflowSkipException, match="Nothing to look at yet"):
        RestartSinksOperator(task_id="t").execute(context())


@pytest.mark.usefixtures("connections")
def test_a_variable_that_somebody_spoilt_counts_as_none(worker: Worker, variables: FakeVariables) -> None:
    variables.values[VARIABLE] = "not JSON"
    worker.failed = True
    assert run(worker, 0)["returned"]["restarted"] == [f"connector {SINK}"]


@pytest.mark.usefixtures("connections")
def test_a_restart_counts_though_the_task_fails_after_it(
    worker: Worker, variables: FakeVariables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rescue(_: Any, budget: Budget, say: Any) -> None:
        budget.use("connector one")
        raise RuntimeError("refused")

    monkeypatch.setattr(restart_sinks, "restart_due_sinks", rescue)
    with pytest.raises(RuntimeError, match="refused"):
        run(worker, 0)
    assert list(json.loads(variables.get(VARIABLE))) == ["connector one"]
