"""Plans for managed connectors, against the fake of tests/cloud."""

from __future__ import annotations

import pytest

from macd.clients.kafka import ClusterState
from macd.health import parts
from macd.health.state import State
from macd.pipeline import Pipeline
from macd.plan import Blocked, Create, NoOp, Plan, Update, plan_connector_removal, plan_connectors
from macd.preflight import connect as preflight
from macd.preflight.result import Outcome
from macd.preflight.rules import load_rules
from macd.preflight.scene import Scene
from macd.settings import REPOSITORY, Settings
from tests.cloud.target import ENVIRONMENT

SINK = "macd-orders-payments-mongodb-sink"


@pytest.fixture
def pipeline(cloud):
    return Pipeline.load(Settings(target="cloud"), {**ENVIRONMENT, "MACD_CLOUD_API_URL": cloud.url})


def scene_of(pipeline) -> Scene:
    return Scene(pipeline, load_rules(REPOSITORY / "include"), lambda: ClusterState("lkc-fake1", 3))


def plan(pipeline) -> Plan:
    return plan_connectors(pipeline.spec, pipeline.connect, pipeline.environment)


@pytest.fixture
def applied(pipeline):
    plan(pipeline).apply()
    return pipeline


def test_what_is_missing_is_created_with_the_password_of_mongodb(pipeline, cloud):
    found = plan(pipeline)
    assert [type(change) for change in found.changes] == [Create] * 3
    found.apply()
    sent = cloud.sent(SINK)
    assert sent["connector.class"] == "MongoDbAtlasSink"
    assert sent["connection.host"] == "macd.fake.mongodb.net"
    assert sent["connection.password"] == "canary-mongo-pw"
    assert sent["kafka.service.account.id"] == "sa-fake1"


def test_a_plan_holds_no_secret(pipeline):
    found = plan(pipeline)
    shown = f"{found!r} {found.render()} {[change.as_dict() for change in found.changes]}"
    assert "canary" not in shown
    assert all("canary" not in str(vars(change)) for change in found.changes)


def test_a_second_run_is_a_no_op_around_the_asterisks(applied):
    assert [type(change) for change in plan(applied).changes] == [NoOp] * 3


def test_a_changed_key_is_named_without_its_value(applied, cloud):
    cloud.change(SINK, config={**cloud.sent(SINK), "max.batch.size": "7"})
    [change] = plan(applied).pending
    assert isinstance(change, Update)
    assert change.details == ("max.batch.size",)


def test_what_the_plugin_refuses_is_blocked_and_shows_no_secret(applied, cloud):
    wrong = dict(ENVIRONMENT, MACD_CLOUD_API_URL=cloud.url, MACD_CLOUD_CONNECT_SERVICE_ACCOUNT="")
    changes = plan(Pipeline.load(Settings(target="cloud"), wrong)).pending
    assert all(isinstance(change, Blocked) for change in changes)
    assert '"kafka.service.account.id" is required' in changes[0].reason
    assert "canary" not in str(changes)


def test_a_failed_connector_is_sent_its_secrets_again_and_restarted(applied, cloud):
    task = {"id": 0, "state": "USER_ACTIONABLE_ERROR", "msg": "Authentication failed"}
    cloud.change(SINK, state="FAILED", trace="", tasks=[task])
    rotated = dict(ENVIRONMENT, MACD_CLOUD_API_URL=cloud.url, MACD_CLOUD_MONGODB_PASSWORD="canary-2")
    [change] = plan(Pipeline.load(Settings(target="cloud"), rotated)).pending
    assert change.details == (
        "restart, its secrets sent again",
        "task 0 failed: USER_ACTIONABLE_ERROR: Authentication failed",
    )
    change.execute()
    assert cloud.sent(SINK)["connection.password"] == "canary-2"
    assert applied.connect.status(SINK).healthy


def test_a_refused_document_is_dead_lettered_or_stops_a_sink_without_a_topic_for_it(applied, cloud):
    went_to = {spec.name: cloud.refuse_document(spec.name) for spec in applied.spec.connectors}
    assert went_to == {
        SINK: "dlq.macd_orders_payments_joined",
        "macd-payment-mismatches-mongodb-sink": None,
        "macd-hourly-revenue-mongodb-sink": None,
    }
    assert applied.connect.status(SINK).healthy
    assert all(applied.connect.status(name).failed for name, topic in went_to.items() if topic is None)


@pytest.mark.parametrize("password", ["p@q", "p:q", "p/q", "p?q", "p%41q"])
def test_a_password_that_a_uri_changes_fails_the_connector(cloud, password):
    """What the preflight warns of; whether the validation of the service notices, nobody has tried."""
    environment = {**ENVIRONMENT, "MACD_CLOUD_API_URL": cloud.url, "MACD_CLOUD_MONGODB_PASSWORD": password}
    pipeline = Pipeline.load(Settings(target="cloud"), environment)
    plan(pipeline).apply()
    assert pipeline.connect.status(SINK).failed
    answers = {check.name: check.look() for check in preflight.checks(scene_of(pipeline))}
    assert answers["create connectors"].outcome is Outcome.OK
    assert answers["login in a URI"].outcome is Outcome.WARNING


def test_health_is_judged_as_that_of_self_managed_connectors(applied, cloud):
    cloud.change(SINK, state="PAUSED", tasks=[{"id": 0, "state": "STOPPED"}])
    found = {part.name: part for part in parts.connectors(applied)}
    assert found[SINK].state is State.FAILED
    assert found[SINK].detail == "PAUSED; task 0 PAUSED"
    assert {part.state for name, part in found.items() if name != SINK} == {State.OK}


def test_removal_leaves_other_connectors_alone(applied, cloud):
    applied.connect.put_config("other", cloud.sent(SINK))
    plan_connector_removal(applied.spec, applied.connect).apply()
    assert applied.connect.connectors() == ["other"]
