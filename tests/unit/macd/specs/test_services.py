from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd.specs import TargetSpec, resolve_connector_config, resolve_services

SERVICES = {
    "kafka": {"config": {"bootstrap.servers": "${KAFKA:-127.0.0.1:9092}", "sasl.password": "${SECRET}"}},
    "schema_registry": {"url": "http://r"},
    "ksqldb": {"url": "http://k"},
    "kafka_connect": {"url": "http://c"},
    "mongodb": {"uri": "mongodb://u:${SECRET}@h", "database": "macd"},
}


def target(**changes):
    return TargetSpec(name="t", description="d", services={**SERVICES, **changes})


def test_references_are_filled_from_the_environment_or_their_default():
    config = resolve_services(target(), {"SECRET": "canary"}).kafka.config
    assert config["bootstrap.servers"].get_secret_value() == "127.0.0.1:9092"
    assert config["sasl.password"].get_secret_value() == "canary"


def test_secrets_do_not_show_when_services_are_printed():
    services = resolve_services(target(), {"SECRET": "canary"})
    assert "canary" not in repr(services)
    assert "canary" not in services.model_dump_json()


def test_a_missing_variable_is_named_with_the_field_that_needs_it():
    with pytest.raises(SpecError, match=r"targets/t.yaml: services\.kafka\.config\.sasl\.password") as caught:
        resolve_services(target(), {})
    assert "SECRET" in caught.value.remedy


def test_an_unknown_service_field_is_refused():
    with pytest.raises(SpecError, match=r"'ksqldb\.uri' is not known"):
        resolve_services(target(ksqldb={"url": "http://k", "uri": "x"}), {"SECRET": "s"})


def test_connects_own_references_pass_through():
    spec = target().model_copy(update={"connector_config": {"connection.uri": "${env:SECRET}"}})
    assert resolve_connector_config(spec, {"SECRET": "canary"}) == {"connection.uri": "${env:SECRET}"}
