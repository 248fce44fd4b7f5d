"""The preflight of managed connectors, against the fake of tests/cloud; nothing is created."""

from __future__ import annotations

import pytest

from macd.clients.kafka import ClusterState
from macd.pipeline import Pipeline
from macd.preflight import connect
from macd.preflight.result import Outcome
from macd.preflight.rules import load_rules
from macd.preflight.scene import Scene
from macd.settings import REPOSITORY, Settings
from macd.specs import PipelineSpec, resolve_services
from tests.cloud.process import Cloud
from tests.cloud.target import ENVIRONMENT


def scene(cloud: Cloud, **changes: str) -> Scene:
    environment = {**ENVIRONMENT, "MACD_CLOUD_API_URL": cloud.url, **changes}
    pipeline = Pipeline.load(Settings(target="cloud"), environment)
    return Scene(pipeline, load_rules(REPOSITORY / "include"), lambda: ClusterState("lkc-fake1", 3))


def test_access_plugin_and_configuration_are_asked_for_and_nothing_else(cloud: Cloud) -> None:
    answers = {check.name: check.look() for check in connect.checks(scene(cloud))}
    assert {name: answer.outcome for name, answer in answers.items()} == dict.fromkeys(
        ("access", "plugin", "create connectors", "login in a URI"), Outcome.OK
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


@pytest.mark.parametrize(
    ("user", "password", "outcome", "found"),
    [
        ("sink", "Plain-pass_word.1!$+=&~", Outcome.OK, ""),
        ("sink", "p@q:r/s?t%u", Outcome.WARNING, "@ : / ? % in connection.password"),
        ("sink", "p\\q", Outcome.WARNING, "\\ in connection.password"),
        ("si:nk", "plain", Outcome.WARNING, ": in connection.user"),
    ],
)
def test_a_login_that_a_uri_would_change_is_warned_of_and_not_shown(
    cloud: Cloud, user: str, password: str, outcome: Outcome, found: str
) -> None:
    login = {"MACD_CLOUD_MONGODB_USER": user, "MACD_CLOUD_MONGODB_PASSWORD": password}
    checks = connect.checks(scene(cloud, **login))
    answer = next(check for check in checks if check.name == "login in a URI").look()
    assert answer.outcome is outcome
    assert answer.detail.endswith(found)
    assert password not in str(answer)


def test_a_worker_of_ones_own_is_given_a_uri_that_is_encoded_already(pipeline: PipelineSpec) -> None:
    own = Pipeline(pipeline, resolve_services(pipeline.target, {}), {})
    kafka = ClusterState("cluster-1", 1)
    checks = connect.checks(Scene(own, load_rules(REPOSITORY / "include"), lambda: kafka))
    assert "login in a URI" not in {check.name for check in checks}
