from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigEntry

from macd.clients.kafka import KafkaAdmin, TopicState
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.specs.models import KafkaService

SERVICE = KafkaService(config={"bootstrap.servers": "broker.test:9092", "sasl.password": "canary"})


def answered(value=None, error=None):
    future: Future = Future()
    future.set_exception(KafkaException(KafkaError(error))) if error is not None else future.set_result(value)
    return future


class FakeAdminClient:
    """librdkafka's admin client for one topic with two partitions on three brokers."""

    def __init__(self, error=None) -> None:
        self.error = error
        self.created = []

    def list_topics(self, timeout):
        if self.error is not None:
            raise KafkaException(KafkaError(self.error))
        partition = SimpleNamespace(replicas=[1, 2, 3])
        return SimpleNamespace(topics={"orders": SimpleNamespace(partitions={0: partition, 1: partition})})

    def describe_configs(self, resources, request_timeout):
        entries = {
            "retention.ms": ConfigEntry("retention.ms", "1000", is_default=False),
            "segment.ms": ConfigEntry("segment.ms", "7", is_default=True),
        }
        return {resource: answered(entries) for resource in resources}

    def create_topics(self, topics, request_timeout):
        self.created.extend(topics)
        return {topic.topic: answered(error=self.error) for topic in topics}

    def delete_topics(self, topics, request_timeout):
        return {topic: answered(error=self.error) for topic in topics}


def admin(error=None):
    return KafkaAdmin(SERVICE, FakeAdminClient(error))


def test_a_topics_state_holds_only_what_was_set_on_it():
    state = admin().topics(["orders", "missing"])
    assert state == {"orders": TopicState("orders", 2, 3, {"retention.ms": "1000"})}


def test_a_topic_that_somebody_else_created_meanwhile_is_no_error():
    new = TopicState("orders", 1, 1, {})
    assert admin(KafkaError.TOPIC_ALREADY_EXISTS).create(new) is False
    assert admin().create(new) is True


def test_deleting_a_topic_that_is_gone_is_no_error():
    admin(KafkaError.UNKNOWN_TOPIC_OR_PART).delete("orders")


def test_a_refused_topic_says_why():
    with pytest.raises(RequestRejected, match="INVALID_REPLICATION_FACTOR"):
        admin(KafkaError.INVALID_REPLICATION_FACTOR).create(TopicState("orders", 1, 9, {}))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (KafkaError._TRANSPORT, ServiceUnreachable),
        (KafkaError._TIMED_OUT, ServiceUnreachable),
        (KafkaError.SASL_AUTHENTICATION_FAILED, AuthenticationFailed),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, AuthenticationFailed),
    ],
)
def test_transport_errors_name_the_address_and_no_secret(code, error):
    with pytest.raises(error, match=r"broker\.test:9092") as caught:
        admin(code).topics(["orders"])
    assert "canary" not in str(caught.value)
    assert "macd_kafka" in caught.value.remedy
