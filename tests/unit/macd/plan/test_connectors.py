from __future__ import annotations

import pytest

from macd.clients.connect import ConnectorStatus, KafkaConnect, TaskStatus
from macd.plan import Blocked, Create, NoOp, Update, plan_connector_removal, plan_connectors

SINK = "macd-orders-payments-mongodb-sink"
RUNNING = ConnectorStatus(SINK, "RUNNING", (TaskStatus(0, "RUNNING", ""),))


class FakeConnect:
    """One worker in a dictionary."""

    hides_secrets = False
    differing = KafkaConnect.differing

    def __init__(self) -> None:
        self.configs: dict[str, dict[str, str]] = {}
        self.found_wrong: tuple[str, ...] = ()
        self.states = {SINK: RUNNING}
        self.restarted: list[str] = []

    def connectors(self):
        return list(self.configs)

    def config(self, name):
        return self.configs.get(name)

    def put_config(self, name, config):
        self.configs[name] = {"name": name, **config}

    def complaints(self, config):
        assert "name" in config
        return self.found_wrong

    def status(self, name):
        return self.states.get(name, RUNNING)

    def restart_failed(self, name):
        self.restarted.append(name)

    def delete(self, name):
        del self.configs[name]


@pytest.fixture
def connect():
    return FakeConnect()


@pytest.fixture
def applied(pipeline, connect):
    plan_connectors(pipeline, connect, {}).apply()
    return connect


def test_the_connector_is_created_with_the_targets_part_and_no_secret(pipeline, connect):
    plan = plan_connectors(pipeline, connect, {"MACD_LOCAL_REGISTRY_PORT": "18081"})
    assert [type(change) for change in plan.changes] == [Create] * len(pipeline.connectors)
    plan.apply()
    config = connect.configs[SINK]
    assert config["connection.uri"] == "${env:MACD_MONGODB_URI}"
    assert config["value.converter.apicurio.registry.url"] == "http://127.0.0.1:18081/apis/registry/v2"


def test_a_second_run_is_a_no_op(pipeline, applied):
    assert [type(change) for change in plan_connectors(pipeline, applied, {}).changes] == [NoOp] * 3


def test_a_changed_key_is_named_without_its_value(pipeline, applied):
    applied.configs[SINK]["connection.uri"] = "mongodb://user:canary@host"
    [change] = plan_connectors(pipeline, applied, {}).pending
    assert isinstance(change, Update)
    assert change.details == ("connection.uri",)


def test_what_the_plugin_refuses_is_blocked_before_anything_is_created(pipeline, connect):
    connect.found_wrong = ("max.batch.size: not a number",)
    changes = plan_connectors(pipeline, connect, {}).pending
    assert all(isinstance(change, Blocked) for change in changes)
    assert all("max.batch.size: not a number" in change.reason for change in changes)


def test_a_failed_task_is_restarted_although_the_connector_says_running(pipeline, applied):
    applied.states[SINK] = ConnectorStatus(SINK, "RUNNING", (TaskStatus(0, "FAILED", "Boom"),))
    [change] = plan_connectors(pipeline, applied, {}).pending
    assert change.details == ("restart", "task 0 failed: Boom")
    change.execute()
    assert applied.restarted == [SINK]


def test_removal_leaves_other_connectors_alone(pipeline, applied):
    applied.put_config("other", {})
    plan_connector_removal(pipeline, applied).apply()
    assert applied.connectors() == ["other"]
