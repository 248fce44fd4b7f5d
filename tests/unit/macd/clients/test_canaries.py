"""No client gives a secret away: not in its repr, not in an error, however the secret came in."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import requests_mock
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

from macd.clients.airflow import Airflow
from macd.clients.connect import KafkaConnect
from macd.clients.kafka import KafkaAdmin, wrap
from macd.clients.ksqldb import KsqlDb
from macd.clients.mongodb import connected
from macd.clients.registry import SchemaRegistry
from macd.errors import MacdError, SpecError
from macd.specs.endpoints import HttpService, KafkaService, MongoService
from macd.specs.files import validate

# Long enough never to be in a message by chance.
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)
# Of digits and what ends a user, a host or a path, so that no part of it is in a message by chance.
passwords = st.text(st.sampled_from("@/:%?#&=+0123456789"), min_size=8, max_size=24)
CLIENTS = (KafkaConnect, KsqlDb, SchemaRegistry, Airflow)


class FakeMongoClient(dict):
    """Holds a database and connects to nothing."""

    def __init__(self, *_, **__):
        super().__init__(macd="the database")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()


def parts_of(text, size=4):
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def everything_of(error: BaseException) -> str:
    """The message and remedy with those of all that caused it."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__
    return "\n".join(texts)


def error_of(do):
    """All that an expected error tells; empty without one."""
    try:
        do()
    except MacdError as error:
        return everything_of(error)
    return ""


@given(secrets)
def test_no_service_shows_its_secret(secret):
    http = HttpService(url="https://a.test", username="ada", password=secret)
    kafka = KafkaService(config={"sasl.password": secret})
    mongo = MongoService(uri=f"mongodb://ada:{quote(secret, safe='')}@a.test", database="macd")
    for service in (http, kafka, mongo):
        assert secret not in f"{service}{service!r}{service.model_dump()}{service.model_dump_json()}"


@given(st.from_regex(r"[A-Za-z0-9_~.!-]{12,30}", fullmatch=True))
def test_credentials_in_a_url_are_taken_out_of_it(secret):
    service = HttpService(url=f"https://ada:{secret}@a.test:8081/path?q=1")
    assert service.url == "https://a.test:8081/path?q=1"
    assert service.username == "ada"
    assert service.password is not None
    assert service.password.get_secret_value() == secret


def test_an_encoded_password_is_understood():
    service = HttpService(url="http://ada:p%40ss@a.test/%40b")
    assert (service.url, service.password.get_secret_value()) == ("http://a.test/%40b", "p@ss")


@given(passwords)
def test_a_url_with_a_login_that_is_not_encoded_is_read_or_refused_and_never_shown(secret):
    """A / in a password ends the host: the rest of it would be a path, which every message quotes."""
    fields = {"url": f"https://ada:{secret}@a.test:8081"}
    told = error_of(lambda: validate(HttpService, fields, Path("x.yaml")))
    assert not parts_of(secret) & parts_of(told)
    assert told or validate(HttpService, fields, Path("x.yaml")).url == "https://a.test:8081"


@given(passwords)
def test_a_mongodb_uri_with_a_login_that_is_not_encoded_is_refused_and_never_shown(secret):
    def use():
        fields = {"uri": f"mongodb://ada:{secret}@127.0.0.1:1", "database": "macd"}
        with connected(validate(MongoService, fields, Path("x.yaml")), partial(MongoClient, connect=False)):
            pass

    assert not parts_of(secret) & parts_of(error_of(use))


@given(passwords)
def test_a_service_that_quotes_what_it_was_sent_gives_nothing_away(secret):
    """Airflow's API does, and proxies and ksqlDB do."""
    for client in CLIENTS:
        session, adapter = requests.Session(), requests_mock.Adapter()
        session.mount("https://", adapter)
        login = f"ada:{secret}"
        echoes = [secret, quote(secret, safe=""), b64encode(login.encode()).decode(), f"http://{login}@h"]
        adapter.register_uri(requests_mock.ANY, requests_mock.ANY, status_code=422, json={"input": echoes})
        made = client(HttpService(url="https://a.test", username="ada", password=secret), session)
        with pytest.raises(MacdError) as caught:
            made.request("GET", "/x")
        assert not parts_of(secret) & parts_of(everything_of(caught.value))
        assert b64encode(login.encode()).decode() not in everything_of(caught.value)


@given(passwords)
def test_no_error_of_mongodb_quotes_its_password(secret):
    service = MongoService(uri=f"mongodb://ada:{quote(secret, safe='')}@a.test", database="macd")
    for raised in (AutoReconnect, OperationFailure, ServerSelectionTimeoutError):
        with pytest.raises(MacdError) as caught, connected(service, FakeMongoClient):
            raise raised(f"'{secret}' of mongodb://ada:{secret}@a.test is wrong")
        assert not parts_of(secret) & parts_of(str(caught.value) + repr(caught.value))


@given(passwords)
def test_no_error_of_kafka_quotes_its_password(secret):
    service = KafkaService(config={"bootstrap.servers": "a.test:1x", "sasl.password": secret})
    for code in (KafkaError._TRANSPORT, KafkaError._AUTHENTICATION, KafkaError.INVALID_CONFIG):
        error = wrap(KafkaException(KafkaError(code, f"SASL: ada/'{secret}' is wrong")), service)
        assert not parts_of(secret) & parts_of(str(error).replace("a.test:1x", ""))


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
    made.patience_s = 0.0  # a worker that starts is waited for
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


@pytest.mark.parametrize(
    ("name", "value"),
    [("no.such", "1"), ("security.protocol", "misplaced-canary"), ("sasl.mechanisms", "GSSAPI")],
)
def test_a_kafka_setting_that_is_wrong_is_named_without_secrets(name, value):
    config = {"bootstrap.servers": "a:1", "security.protocol": "SASL_PLAINTEXT", "sasl.password": "canary"}
    with pytest.raises(SpecError, match=r"cannot be configured.*macd_kafka") as caught:
        KafkaAdmin(KafkaService(config=config | {name: value}))
    assert name in str(caught.value) or "SASL mechanism" in str(caught.value)
    assert "canary" not in everything_of(caught.value)


def test_tls_is_verified():
    """Nothing turns it off: neither the session nor the requests."""
    made = KsqlDb(HttpService(url="https://a.test"))
    assert made._session.verify is True
