from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd_airflow.hooks.kafka import KafkaHook
from tests.unit.macd_airflow.conftest import Connect


def test_extra_is_librdkafkas_configuration(connection: Connect) -> None:
    extra = {
        "bootstrap.servers": "broker:9092",
        "security.protocol": "SASL_SSL",
        "sasl.password": "hunter2",
        "socket.keepalive.enable": True,
        "socket.timeout.ms": 10000,
    }
    connection("macd_kafka", conn_type="kafka", extra=extra)
    config = {key: value.get_secret_value() for key, value in KafkaHook().service().config.items()}
    assert config == extra | {"socket.keepalive.enable": "true", "socket.timeout.ms": "10000"}


def test_the_service_prints_no_secret(connection: Connect) -> None:
    connection(
        "macd_kafka", conn_type="kafka", extra={"bootstrap.servers": "b:1", "sasl.password": "hunter2"}
    )
    assert "hunter2" not in repr(KafkaHook().service())


def test_credentials_are_masked_under_every_name(connection: Connect) -> None:
    from airflow.sdk._shared.secrets_masker import redact

    extra = {
        "bootstrap.servers": "b:1",
        "sasl.password": "wholly-other-pw",
        "ssl.key.pem": "-----BEGIN-another",
    }
    connection("macd_kafka", conn_type="kafka", extra=extra)
    KafkaHook().service()
    assert redact("wholly-other-pw and -----BEGIN-another at b:1") == "*** and *** at b:1"


def test_a_connection_without_a_broker_is_refused_with_a_remedy(connection: Connect) -> None:
    connection("macd_kafka", conn_type="kafka")
    with pytest.raises(SpecError, match=r"macd_kafka names no broker.*bootstrap.servers"):
        KafkaHook().service()


@pytest.mark.parametrize("name", ["plugin.library.paths", "sasl.kerberos.kinit.cmd", "oauth_cb"])
def test_settings_that_reach_beyond_the_client_are_refused(connection: Connect, name: str) -> None:
    """By the rule of include/targets, which has tests of its own."""
    connection("macd_kafka", conn_type="kafka", extra={"bootstrap.servers": "b:1", name: "canary"})
    with pytest.raises(
        SpecError, match=rf"connection macd_kafka is wrong: config: {name} .*remove it"
    ) as caught:
        KafkaHook().get_conn()
    assert "extra" in caught.value.remedy
    assert "canary" not in str(caught.value)
