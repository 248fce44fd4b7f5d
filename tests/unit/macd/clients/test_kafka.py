from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from confluent_kafka import IsolationLevel, KafkaError, KafkaException
from confluent_kafka.admin import AclOperation, ConfigEntry

from macd.clients.kafka import ClusterState, KafkaAdmin, TopicState
from macd.errors import AuthenticationFailed, RequestRejected, ServiceUnreachable
from macd.specs.endpoints import KafkaService

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

    def poll(self, timeout):
        pass

    def describe_cluster(self, request_timeout):
        return answered(SimpleNamespace(cluster_id="c", nodes=[1, 2, 3]), self.error)

    def describe_topics(self, topics, include_authorized_operations, request_timeout):
        assert include_authorized_operations
        answers = {
            "orders": answered(SimpleNamespace(authorized_operations=[AclOperation.READ])),
            "silent": answered(SimpleNamespace(authorized_operations=None)),
            "hidden": answered(error=KafkaError.TOPIC_AUTHORIZATION_FAILED),
            "missing": answered(error=KafkaError.UNKNOWN_TOPIC_OR_PART),
        }
        return {name: answers[name] for name in topics.topic_names}

    def create_topics(self, topics, request_timeout, validate_only=False):
        if validate_only:
            return {topic.topic: answered(error=self.error) for topic in topics}
        self.created.extend(topics)
        return {topic.topic: answered(error=self.error) for topic in topics}

    def delete_topics(self, topics, request_timeout):
        return {topic: answered(error=self.error) for topic in topics}

    def list_offsets(self, wanted, isolation_level, request_timeout):
        ends = self.ends[isolation_level]
        return {at: answered(SimpleNamespace(offset=ends[at.partition])) for at in wanted}


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


def test_a_topic_is_validated_and_not_created():
    new = TopicState("orders", 1, 1, {})
    kafka = admin()
    assert kafka.validate(new) is True
    assert admin(KafkaError.TOPIC_ALREADY_EXISTS).validate(new) is False
    assert kafka._client.created == []


def test_a_topic_that_is_hidden_is_one_without_any_right():
    assert admin().operations(["orders", "silent", "hidden", "missing"]) == {
        "orders": frozenset({AclOperation.READ}),
        "silent": None,
        "hidden": frozenset(),
    }


def test_refused_credentials_are_told_from_a_broker_that_does_not_answer():
    assert admin().cluster() == ClusterState("c", 3)
    kafka = admin(KafkaError._TIMED_OUT)
    with pytest.raises(ServiceUnreachable):
        kafka.cluster()
    kafka._noticed.append(KafkaError(KafkaError._AUTHENTICATION, "Invalid username or password"))
    with pytest.raises(AuthenticationFailed, match="Invalid username or password"):
        kafka.cluster()
    assert kafka.notice == "Invalid username or password"


def test_all_topics_are_named():
    assert KafkaAdmin(SERVICE, FakeAdminClient()).names() == ["orders"]


@pytest.mark.parametrize(("committed", "is_open"), [([5, 9], False), ([5, 8], True)])
def test_a_transaction_is_open_while_more_is_written_than_readers_may_see(committed, is_open):
    client = FakeAdminClient()
    client.ends = {IsolationLevel.READ_UNCOMMITTED: [5, 9], IsolationLevel.READ_COMMITTED: committed}
    assert KafkaAdmin(SERVICE, client).has_open_transaction("orders") is is_open
    assert not KafkaAdmin(SERVICE, client).has_open_transaction("missing")
