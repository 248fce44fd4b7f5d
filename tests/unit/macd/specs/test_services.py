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


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("plugin.library.paths", "loads code"),
        ("ssl.engine.location", "loads code"),
        ("ssl.engine.id", "loads code"),
        ("ssl.providers", "loads code"),
        ("sasl.kerberos.kinit.cmd", "shell command"),
        ("sasl.kerberos.keytab", "shell command"),
        ("sasl.kerberos.principal", "shell command"),
        ("sasl.oauthbearer.assertion.file", "sends a file"),
        ("sasl.oauthbearer.assertion.jwt.template.file", "sends a file"),
        ("oauth_cb", "no text can be"),
        ("oauthbearer_token_refresh_cb", "no text can be"),
        ("error_cb", "no text can be"),
        ("logger", "no text can be"),
        ("default.topic.config", "no text can be"),
    ],
)
def test_settings_of_kafka_that_reach_beyond_the_client_are_refused(name, why):
    kafka = {"config": {"bootstrap.servers": "b:1", name: "canary"}}
    with pytest.raises(SpecError, match=rf"targets/t\.yaml: field 'kafka\.config': {name} .*{why}") as caught:
        resolve_services(target(kafka=kafka), {"SECRET": "s"})
    assert "remove it" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["ssl.ca.location", "ssl.key.pem", "sasl.oauthbearer.method", "sasl.oauthbearer.token.endpoint.url"],
)
def test_settings_that_only_say_how_to_log_in_are_accepted(name):
    resolve_services(target(kafka={"config": {name: "x"}}), {"SECRET": "s"})


def test_a_password_of_the_wrong_type_is_refused_and_not_quoted():
    """YAML reads digits without quotes as a number."""
    for service, fields, field in (
        ("ksqldb", {"url": "http://k", "password": 4711_0815}, r"ksqldb\.password"),
        ("kafka", {"config": {"sasl.password": 4711_0815}}, r"kafka\.config\.sasl\.password"),
        ("mongodb", {"uri": 4711_0815, "database": "d"}, r"mongodb\.uri"),
    ):
        with pytest.raises(SpecError, match=f"field '{field}': Input should be a valid string") as caught:
            resolve_services(target(**{service: fields}), {"SECRET": "s"})
        assert (
            "4711" not in f"{caught.value!r}{caught.value}{caught.value.__cause__!r}{caught.value.__cause__}"
        )


@pytest.mark.parametrize(
    "url", ["ada:canary@k", "http://ada:ca/nary@k", "htp://ada:canary@k", "http://k?a:canary@b"]
)
def test_an_address_that_is_no_url_is_refused_without_its_login(url):
    with pytest.raises(SpecError, match=r"field 'ksqldb(\.url)?'") as caught:
        resolve_services(target(ksqldb={"url": url}), {"SECRET": "s"})
    assert "nary" not in f"{caught.value}{caught.value.__cause__}"
