"""The preflight of managed connectors, against the fake of tests/cloud; nothing is created."""

from __future__ import annotations

from macd.clients.kafka import ClusterState
from macd.pipeline import Pipeline
from macd.preflight import connect
from macd.preflight.result import Outcome
from macd.preflight.rules import load_rules
from macd.preflight.scene import Scene
from macd.settings import REPOSITORY, Settings
from tests.cloud.process import Cloud
from tests.cloud.target import ENVIRONMENT


def scene(cloud: Cloud, **changes: str) -> Scene:
    environment = {**ENVIRONMENT, "MACD_CLOUD_API_URL": cloud.url, **changes}
    pipeline = Pipeline.load(Settings(target="cloud"), environment)
    return Scene(pipeline, load_rules(REPOSITORY / "include"), lambda: ClusterState("lkc-fake1", 3))


def test_access_plugin_and_configuration_are_asked_for_and_nothing_else(cloud: Cloud) -> None:
    answers = {check.name: check.look() for check in connect.checks(scene(cloud))}
    assert {name: answer.outcome for name, answer in answers.items()} == dict.fromkeys(
        ("access", "plugin", "create connectors"), Outcome.OK
    )
    assert answers["plugin"].detail == "MongoDbAtlasSink"
    assert not [
        request
        for request in cloud.requests()
        if not request.startswith("GET") and not request.endswith("/config/validate")
    ]


def test_what_is_wrong_with_a_configuration_shows_no_secret(cloud: Cloud) -> None:
    checks = connect.checks(scene(cloud, MACD_CLOUD_CONNECT_SERVICE_ACCOUNT=""))
    answer = next(check for check in checks if check.name == "create connectors").look()
    assert answer.outcome is Outcome.FAILED
    assert '"kafka.service.account.id" is required' in answer.detail
    assert "canary" not in str(answer)
