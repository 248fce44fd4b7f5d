"""Kafka's admin protocol: topics and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NoReturn

from confluent_kafka import OFFSET_END, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from macd.errors import AuthenticationFailed, RequestRejected, ServiceError, ServiceUnreachable
from macd.specs.models import KafkaService

SERVICE = "Kafka"
# Seconds for one administrative request; brokers answer in milliseconds when they are there at all.
TIMEOUT_S = 15.0
_UNREACHABLE = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
}
_REFUSED = {
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


@dataclass(frozen=True)
class TopicState:
    """A topic as it is; `config` holds only what was set on the topic itself."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


def client_config(service: KafkaService) -> dict[str, Any]:
    """librdkafka's configuration with secrets in the clear: hand it to a client, never to a log."""
    return {key: value.get_secret_value() for key, value in service.config.items()}


def wrap(error: KafkaException, service: KafkaService) -> ServiceError:
    """A librdkafka error as one of ours, with what to do about it."""
    cause: KafkaError = error.args[0]
    address = client_config(service).get("bootstrap.servers", "(no bootstrap.servers)")
    if cause.code() in _UNREACHABLE:
        remedy = "Check that the broker runs (`macd status`) and bootstrap.servers in macd_kafka."
        return ServiceUnreachable(SERVICE, f"no answer from {address} ({cause.name()}).", remedy=remedy)
    if cause.code() in _REFUSED:
        remedy = "Check the API key in macd_kafka and the ACLs of its account."
        return AuthenticationFailed(SERVICE, f"{address} refused: {cause.str()}.", remedy=remedy)
    remedy = "Read the broker's log for the request that it refused."
    return RequestRejected(SERVICE, f"{cause.name()}: {cause.str()}", remedy=remedy, code=cause.code())


class KafkaAdmin:
    """Topics of one cluster."""

    def __init__(self, service: KafkaService, client: AdminClient | None = None) -> None:
        self._service = service
        # librdkafka retries a closed port for ever and logs each try; the error that we raise says it once.
        self._client = client or AdminClient({**client_config(service), "log_level": 0})

    def topics(self, names: list[str]) -> dict[str, TopicState]:
        """Those of `names` that exist."""
        found = self._list_topics()
        existing = [name for name in names if name in found]
        configs = self._configs(existing)
        return {name: _state(name, found[name], configs[name]) for name in existing}

    def topic_id(self, name: str) -> str:
        """What tells a topic from one of the same name that was deleted before it."""
        described = self._wait(
            self._client.describe_topics(TopicCollection([name]), request_timeout=TIMEOUT_S)
        )
        return str(described[name].topic_id)

    def create(self, topic: TopicState) -> bool:
        """Creates a topic; False when somebody else did so first."""
        new = NewTopic(topic.name, topic.partitions, topic.replication_factor, config=dict(topic.config))
        try:
            self._wait(self._client.create_topics([new], request_timeout=TIMEOUT_S))
        except RequestRejected as error:
            if error.code == KafkaError.TOPIC_ALREADY_EXISTS:
                return False
            raise
        return True

    def set_config(self, topic: str, config: Mapping[str, str]) -> None:
        """Sets these topic-level settings and leaves the others alone."""
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            for key, value in config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        self._wait(self._client.incremental_alter_configs([resource], request_timeout=TIMEOUT_S))

    def delete(self, topic: str) -> None:
        """Deletes a topic; no error when it does not exist."""
        try:
            self._wait(self._client.delete_topics([topic], request_timeout=TIMEOUT_S))
        except RequestRejected as error:
            if error.code != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise

    def empty(self, topic: str) -> None:
        """Deletes all records of a topic; its offsets go on. No error when it does not exist."""
        partitions = self._partitions(topic)
        ends = [TopicPartition(topic, each, OFFSET_END) for each in partitions]
        if ends:
            self._wait(self._client.delete_records(ends, request_timeout=TIMEOUT_S))

    def _partitions(self, topic: str) -> list[int]:
        found = self._list_topics().get(topic)
        return [] if found is None else list(found.partitions)

    def _list_topics(self) -> dict[str, Any]:
        try:
            return dict(self._client.list_topics(timeout=TIMEOUT_S).topics)
        except KafkaException as error:
            self._raise(error)

    def _configs(self, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = self._wait(self._client.describe_configs(resources, request_timeout=TIMEOUT_S))
        return {resource.name: _own_settings(entries) for resource, entries in answers.items()}

    def _wait(self, futures: Mapping[Any, Future[Any]]) -> dict[Any, Any]:
        try:
            return {key: future.result() for key, future in futures.items()}
        except KafkaException as error:
            self._raise(error)

    def _raise(self, error: KafkaException) -> NoReturn:
        raise wrap(error, self._service) from error


def _own_settings(entries: Mapping[str, ConfigEntry]) -> dict[str, str]:
    return {
        key: entry.value for key, entry in entries.items() if not entry.is_default and entry.value is not None
    }


def _state(name: str, metadata: Any, config: Mapping[str, str]) -> TopicState:
    partitions = metadata.partitions
    replication = max((len(partition.replicas) for partition in partitions.values()), default=0)
    return TopicState(name, len(partitions), replication, config)
