"""A scene whose services answer as the test says: HTTP through requests-mock, Kafka and MongoDB by fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import requests_mock as requests_mock_module
from confluent_kafka.admin import AclOperation
from pymongo.errors import OperationFailure

from macd.clients.kafka import ClusterState, TopicState
from macd.clients.mongodb import wrap
from macd.pipeline import Pipeline
from macd.preflight import mongodb
from macd.preflight.result import Answer
from macd.preflight.rules import load_rules
from macd.preflight.scene import Scene
from macd.settings import REPOSITORY
from macd.specs import ConnectService, HttpService, PipelineSpec, resolve_services

REGISTRY = "http://registry.test"
KSQLDB = "http://ksqldb.test"
CONNECT = "http://connect.test"
# 2026-01-01T00:00:00 UTC in epoch seconds, and as a Date header.
NOW = 1_767_225_600.0
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
EVERYTHING = frozenset(AclOperation)


class FakeKafka:
    """Some topics exist; `rights` are what the broker tells of them, `refusal` is raised by validation."""

    def __init__(self) -> None:
        self.existing: set[str] = {"macd_orders"}
        self.rights: frozenset[AclOperation] | None = EVERYTHING
        self.refusal: Exception | None = None

    def topics(self, names: list[str]) -> dict[str, Any]:
        return {name: None for name in names if name in self.existing}

    def validate(self, topic: TopicState) -> bool:
        if self.refusal:
            raise self.refusal
        return topic.name not in self.existing

    def operations(self, topics: list[str]) -> dict[str, Any]:
        return {topic: self.rights for topic in topics if topic in self.existing}


class FakeMongo:
    """A database and its client; `commands` maps a command's name to its answer."""

    name = "macd"

    def __init__(self) -> None:
        privilege = {"resource": {"db": "macd", "collection": ""}, "actions": list(mongodb.NEEDED)}
        self.commands: dict[str, Any] = {
            "hello": {"isWritablePrimary": True, "localTime": datetime.fromtimestamp(NOW, UTC)},
            "buildInfo": {"version": "7.0.14"},
            "connectionStatus": {
                "authInfo": {
                    "authenticatedUsers": [{"user": "macd", "db": "admin"}],
                    "authenticatedUserPrivileges": [privilege],
                }
            },
        }

    @property
    def client(self) -> FakeMongo:
        return self

    @property
    def admin(self) -> FakeMongo:
        return self

    def list_collection_names(self) -> list[str]:
        return ["runs"]

    def command(self, name: str, **_: Any) -> Any:
        if name not in self.commands:
            raise OperationFailure(f"no such command: '{name}'", 59)
        return self.commands[name]


@pytest.fixture
def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
def mongo(monkeypatch: pytest.MonkeyPatch) -> FakeMongo:
    fake = FakeMongo()

    @contextmanager
    def connected(_: Any) -> Iterator[FakeMongo]:
        try:
            yield fake
        except OperationFailure as error:
            raise wrap(error) from error

    monkeypatch.setattr(mongodb, "connected", connected)
    return fake


@pytest.fixture
def scene(pipeline: PipelineSpec, kafka: FakeKafka) -> Scene:
    services = resolve_services(pipeline.target, {}).model_copy(
        update={
            "schema_registry": HttpService(url=REGISTRY),
            "ksqldb": HttpService(url=KSQLDB),
            "kafka_connect": ConnectService(url=CONNECT, username="ada", password="canary"),
        }
    )
    made = Pipeline(pipeline, services, {})
    made.__dict__["kafka"] = kafka
    rules = load_rules(REPOSITORY / "include")
    return Scene(made, rules, lambda: ClusterState("cluster-1", 3), now=lambda: NOW)


@pytest.fixture
def http() -> Iterator[requests_mock_module.Mocker]:
    with requests_mock_module.Mocker() as mocker:
        yield mocker


Look = Callable[[str], Answer]


@pytest.fixture
def look(scene: Scene, request: pytest.FixtureRequest) -> Look:
    """Runs one check, by its name, of the module that the test file names as CHECKS."""

    def run(name: str, changed: Scene = scene) -> Answer:
        [check] = [check for check in request.module.CHECKS(changed) if check.name == name]
        return check.look()

    return run
