"""The operators on managed connectors: the same code, told by the Connection where they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from macd.plan import Plan
from macd_airflow.hooks.kafka_connect import KafkaConnectHook
from macd_airflow.operators import configure_connectors
from macd_airflow.operators.configure_connectors import ConfigureConnectorsOperator
from tests.cloud import credentials
from tests.cloud.connect import CLUSTER, ENVIRONMENT
from tests.cloud.process import Cloud
from tests.unit.macd_airflow.conftest import Connect

SINK = "macd-orders-payments-mongodb-sink"


@pytest.fixture
def managed(cloud: Cloud, connection: Connect, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Connections as docs/cloud.md describes them; MongoDB's indexes are tested elsewhere."""
    monkeypatch.setattr(configure_connectors, "plan_indexes", lambda *_: Plan(()))
    monkeypatch.setenv("MACD_TARGET", "cloud")
    monkeypatch.setenv("MACD_CLOUD_CONNECT_SERVICE_ACCOUNT", "sa-fake1")
    _define(connection, cloud, credentials.CLOUD_KEY)
    login = {"login": "sink", "password": "canary-mongo-pw"}
    connection("macd_mongodb", conn_type="mongo", host="macd.fake.mongodb.net", extra={"srv": True}, **login)
    return connection


def _define(connection: Connect, cloud: Cloud, key: str) -> None:
    extra = {"api": "confluent_cloud", "environment": ENVIRONMENT, "cluster": CLUSTER}
    login = {"login": key, "password": credentials.CLOUD_SECRET}
    connection("macd_kafka_connect", conn_type="http", host=cloud.url, extra=extra, **login)


def test_a_slowly_provisioned_connector_is_waited_for(
    managed: Connect, cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configure_connectors, "POLL_SECONDS", 0.05)
    cloud.provision_for(2)
    changes = ConfigureConnectorsOperator(task_id="t").execute({})
    assert [change["action"] for change in changes] == ["create"] * 3
    assert f"Connector {SINK} and all its tasks are RUNNING." in (log := capsys.readouterr().out)
    assert "canary" not in log
    assert "canary" not in str(changes)
    assert cloud.sent(SINK)["connection.password"] == "canary-mongo-pw"
    assert [c["action"] for c in ConfigureConnectorsOperator(task_id="t").execute({})] == ["no-op"] * 3


def test_one_that_does_not_come_up_fails_with_its_state(managed: Connect, cloud: Cloud) -> None:
    cloud.provision_for(1000)
    operator = ConfigureConnectorsOperator(task_id="t", deadline=timedelta(milliseconds=10))
    with pytest.raises(AirflowException, match=r"does not run after .*connector PROVISIONING; no tasks"):
        operator.execute({})


def test_one_that_stays_failed_is_given_up_before_the_deadline(
    managed: Connect, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configure_connectors, "FAILED_FOR", timedelta(0))
    ConfigureConnectorsOperator(task_id="t").execute({})
    monkeypatch.setattr(ConfigureConnectorsOperator, "plan", lambda *_: Plan(()))
    cloud.change(SINK, state="FAILED", trace="com.mongodb.MongoException: no")
    with pytest.raises(AirflowException, match=r"connector FAILED com.mongodb.MongoException: no"):
        ConfigureConnectorsOperator(task_id="t").execute({})


def test_an_expired_key_is_not_retried_and_names_the_connection(managed: Connect, cloud: Cloud) -> None:
    _define(managed, cloud, credentials.EXPIRED_KEY)
    with pytest.raises(AirflowFailException, match=r"CLOUDKEYEXPIRED1 .*the connection macd_kafka_connect"):
        ConfigureConnectorsOperator(task_id="t").execute({})


def test_the_connection_test_works_for_managed_connectors(managed: Connect) -> None:
    assert KafkaConnectHook().test_connection() == (True, "Kafka Connect answers; it runs 0 connectors.")


@pytest.mark.parametrize("extra", [{"api": "confluent_cloud"}, {"api": "wrong"}])
def test_a_wrong_extra_is_refused_with_what_it_has_to_be(connection: Connect, extra: dict[str, Any]) -> None:
    connection("macd_kafka_connect", conn_type="http", host="https://api.test", extra=extra)
    works, message = KafkaConnectHook().test_connection()
    assert not works
    assert "connection macd_kafka_connect is wrong" in message
    assert "Its extra has to be" in message
    assert "lkc-" in message
