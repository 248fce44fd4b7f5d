"""No client gives a secret away: not in its repr, not in an error, however the secret came in."""

from __future__ import annotations

from contextlib import suppress

import pytest
import requests
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from macd.clients.airflow import Airflow
from macd.clients.connect import KafkaConnect
from macd.clients.kafka import KafkaAdmin
from macd.clients.ksqldb import KsqlDb
from macd.clients.registry import SchemaRegistry
from macd.errors import MacdError, SpecError
from macd.specs.files import validate
from macd.specs.models import HttpService, KafkaService, MongoService

# Long enough never to be in a message by chance.
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)
CLIENTS = (KafkaConnect, KsqlDb, SchemaRegistry, Airflow)


def everything_of(error: BaseException) -> str:
    """The message and remedy with those of all that caused it."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__
    return "\n".join(texts)


@given(secrets)
def test_no_service_shows_its_secret(secret):
    http = HttpService(url="https://a.test", username="ada", password=secret)
    kafka = KafkaService(config={"sasl.password": secret})
    mongo = MongoService(uri=f"mongodb://ada:{secret}@a.test", database="macd")
    for service in (http, kafka, mongo):
        assert secret not in f"{service}{service!r}{service.model_dump()}{service.model_dump_json()}"


@given(st.from_regex(r"[A-Za-z0-9_~.!-]{12,30}", fullmatch=True))
def test_credentials_in_a_url_are_taken_out_of_it(secret):
    service = HttpService(url=f"https://ada:{secret}@a.test:8081/path?q=1")
    assert service.url == "https://a.test:8081/path?q=1"
    assert service.username == "ada"
    assert service.password is not None
    assert service.password.get_secret_value() == secret


def test_an_at_sign_in_a_path_or_an_encoded_password_is_understood():
    assert HttpService(url="http://a.test/@b").url == "http://a.test/@b"
    service = HttpService(url="http://ada:p%40ss@a.test")
    assert (service.url, service.password.get_secret_value()) == ("http://a.test", "p@ss")


def test_fields_win_over_the_url():
    service = HttpService(url="http://a:b@c.test", username="ada", password="field")
    assert (service.url, service.username) == ("http://c.test", "ada")
    assert service.password.get_secret_value() == "field"


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
@pytest.mark.parametrize("client", CLIENTS)
def test_no_error_of_a_rest_client_shows_a_secret(client, status):
    session, adapter = requests.Session(), requests_mock.Adapter()
    session.mount("https://", adapter)
    adapter.register_uri(requests_mock.ANY, requests_mock.ANY, status_code=status, json={"message": "no"})
    made = client(HttpService(url="https://ada:url-canary@a.test", password="field-canary"), session)
    assert "canary" not in repr(made)
    with suppress(MacdError) if status == 200 else pytest.raises(MacdError) as caught:
        made.request("GET", "/x")
    if caught is not None:
        assert "canary" not in everything_of(caught.value)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_unreachable_rest_service_shows_a_secret(client):
    session, adapter = requests.Session(), requests_mock.Adapter()
    session.mount("https://", adapter)
    adapter.register_uri(requests_mock.ANY, requests_mock.ANY, exc=requests.ConnectionError)
    made = client(HttpService(url="https://ada:url-canary@a.test", password="field-canary"), session)
    with pytest.raises(MacdError) as caught:
        made.request("GET", "/x")
    assert "canary" not in everything_of(caught.value)


def test_a_wrong_url_is_refused_without_its_password(tmp_path):
    with pytest.raises(SpecError) as caught:
        validate(HttpService, {"url": "htp://ada:canary@a.test"}, tmp_path / "x.yaml")
    assert "canary" not in str(caught.value)


def test_a_kafka_setting_that_is_wrong_is_refused_without_secrets():
    service = KafkaService(config={"bootstrap.servers": "a:1", "sasl.password": "canary", "no.such": "1"})
    with pytest.raises(Exception, match=r"no\.such") as caught:
        KafkaAdmin(service)
    assert "canary" not in everything_of(caught.value)


def test_tls_is_verified():
    """Nothing turns it off: neither the session nor the requests."""
    made = KsqlDb(HttpService(url="https://a.test"))
    assert made._session.verify is True
