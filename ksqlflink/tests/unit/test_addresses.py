"""No error and no listing says by what login a service is reached, and errors do not say where it is."""

from __future__ import annotations

import socket

import pytest
from confluent_kafka import KafkaError, KafkaException

from ksqlflink.errors import ServerProblem
from ksqlflink.services.http import JsonService, ServiceUnreachable, without_login
from ksqlflink.services.kafka import KafkaTopics, reason
from ksqlflink.statements.connectors import ConnectService
from ksqlflink.statements.server_properties import ServerProperties

SECRET = "p@ss/w:rd"  # not encoded, as people write it


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://connect:8083/x", "http://connect:8083/x"),
        ("http://user:word@connect:8083/x", "http://connect:8083/x"),
        (f"https://user:{SECRET}@connect", "https://connect"),
        ("connect:8083", "connect:8083"),
    ],
)
def test_a_url_is_shown_without_its_login(url: str, shown: str) -> None:
    assert without_login(url) == shown


@pytest.mark.parametrize("login", ["", "user:word@", f"user:{SECRET}@"])
def test_a_service_that_does_not_answer_is_named_and_not_located(closed_port: int, login: str) -> None:
    service = JsonService("The schema registry", f"http://{login}127.0.0.1:{closed_port}")
    with pytest.raises(ServiceUnreachable) as caught:
        service.call("GET", "/subjects")
    assert caught.value.message.startswith("The schema registry does not answer (")
    assert not any(part in caught.value.message for part in ("127.0.0.1", str(closed_port), "ss/w", "word"))


@pytest.mark.parametrize("login", ["user:word@", f"user:{SECRET}@"])
def test_connect_is_named_by_its_address_as_ksqldb_does_it(closed_port: int, login: str) -> None:
    with pytest.raises(ServiceUnreachable) as caught:
        ConnectService(f"http://{login}127.0.0.1:{closed_port}").call("GET", "/connectors")
    address = f"http://127.0.0.1:{closed_port} [127.0.0.1/127.0.0.1]"
    assert f"Connect to {address} failed: Connection refused" in caught.value.message
    assert not any(part in caught.value.message for part in ("ss/w", "word"))


def test_properties_show_the_registry_without_its_login() -> None:
    listed = ServerProperties(f"http://user:{SECRET}@registry:8081").listed()
    assert listed["ksql.schema.registry.url"] == "http://registry:8081"


def test_what_a_broker_says_is_passed_on_and_what_the_client_says_is_not() -> None:
    told = KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS, "Topic 'x' already exists."))
    assert reason(told) == "Topic 'x' already exists."
    lost = KafkaError(KafkaError._TRANSPORT, "sasl_ssl://10.0.0.7:9092/1: Connect failed")
    assert reason(lost) == "Local: Broker transport failure"
    assert reason(TimeoutError("no answer")) == "no answer"


def test_kafka_that_does_not_answer_is_not_located(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksqlflink.services.kafka._TIMEOUT_SECONDS", 1.0)
    with pytest.raises(ServerProblem) as caught:
        KafkaTopics(f"127.0.0.1:{closed_port}").replicas()
    assert caught.value.message.startswith("Kafka does not do what was asked: ")
    assert str(closed_port) not in caught.value.message
