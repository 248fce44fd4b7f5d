from __future__ import annotations

from typing import Any

import pytest
import requests_mock

from macd.errors import SpecError
from macd_airflow.hooks.kafka_connect import KafkaConnectHook
from macd_airflow.hooks.ksqldb import KsqlDbHook
from macd_airflow.hooks.schema_registry import SchemaRegistryHook
from tests.unit.macd_airflow.conftest import Connect


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "http://127.0.0.1:8081/apis/ccompat/v7"}, "http://127.0.0.1:8081/apis/ccompat/v7"),
        ({"host": "registry", "port": 8081}, "http://registry:8081"),
        ({"host": "registry.example", "schema": "https"}, "https://registry.example"),
        ({"host": "https://registry.example/base/", "port": 8443}, "https://registry.example:8443/base"),
        ({"host": "https://registry.example:443", "port": 8443}, "https://registry.example:443"),
        (
            {"host": "registry", "port": 8081, "schema": "apis/ccompat/v7"},
            "http://registry:8081/apis/ccompat/v7",
        ),
    ],
)
def test_url_is_put_together_from_the_connection(
    fields: dict[str, Any], url: str, connection: Connect
) -> None:
    connection("macd_schema_registry", conn_type="http", **fields)
    assert SchemaRegistryHook().service().url == url


def test_a_connection_written_as_a_uri_keeps_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_MACD_SCHEMA_REGISTRY", "http://key:s%2Fcret@127.0.0.1:8081/apis%2Fccompat%2Fv7"
    )
    service = SchemaRegistryHook().service()
    assert service.url == "http://127.0.0.1:8081/apis/ccompat/v7"
    assert service.username == "key"
    assert service.password is not None
    assert service.password.get_secret_value() == "s/cret"


def test_a_connection_without_a_host_is_refused_with_a_remedy(connection: Connect) -> None:
    connection("macd_ksqldb", conn_type="http", port=8088)
    with pytest.raises(SpecError, match=r"macd_ksqldb has no host.*Set its host"):
        KsqlDbHook().service()


@pytest.mark.parametrize(
    "host", ["https://ada:canary@ksqldb.test", "ada:ca/nary@ksqldb.test", "h?x:canary@b"]
)
def test_a_login_in_the_host_is_refused_and_not_quoted(connection: Connect, host: str) -> None:
    connection("macd_ksqldb", conn_type="http", host=host)
    with pytest.raises(SpecError, match="holds a login") as caught:
        KsqlDbHook().service()
    assert "nary" not in str(caught.value)


@pytest.mark.parametrize("host", ["ftp://ksqldb.test", "http://a b"])
def test_a_host_that_is_no_url_is_refused_with_a_remedy(connection: Connect, host: str) -> None:
    connection("macd_ksqldb", conn_type="http", host=host, password="canary")
    with pytest.raises(SpecError, match=r"connection macd_ksqldb is wrong: url: .*Set its host") as caught:
        KsqlDbHook().service()
    assert "canary" not in str(caught.value)


def test_a_port_that_is_none_is_refused_by_the_client_with_a_remedy(connection: Connect) -> None:
    connection("macd_ksqldb", conn_type="http", host="http://ksqldb.test:port")
    assert KsqlDbHook().test_connection()[0] is False


def test_another_connection_may_be_named(connection: Connect) -> None:
    connection("staging_connect", conn_type="http", host="connect.test")
    assert KafkaConnectHook("staging_connect").service().url == "http://connect.test"


def test_the_connection_test_tells_what_answers(
    connections: None, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get("http://registry.test/apis/ccompat/v7/subjects", json=["a-value", "b-value"])
    requests_mock.get("http://ksqldb.test/info", json={"KsqlServerInfo": {"version": "7.4.12"}})
    requests_mock.get("http://connect.test/connectors", json=[])
    assert SchemaRegistryHook().test_connection() == (True, "Schema Registry answers; it holds 2 subjects.")
    assert KsqlDbHook().test_connection() == (True, "ksqlDB 7.4.12 answers.")
    assert KafkaConnectHook().test_connection() == (True, "Kafka Connect answers; it runs 0 connectors.")


def test_the_connection_test_tells_the_remedy(connections: None, requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get("http://ksqldb.test/info", status_code=401)
    works, message = KsqlDbHook().test_connection()
    assert not works
    assert "refused the credentials" in message
    assert "macd_ksqldb" in message
