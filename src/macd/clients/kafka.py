"""Kafka's admin protocol: topics and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NoReturn

from confluent_kafka import (
    OFFSET_END,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from macd.errors import AuthenticationFailed, RequestRejected, ServiceError, ServiceUnreachable, SpecError
from macd.redaction import redacted
from macd.specs.endpoints import KafkaService

SERVICE = "Kafka"
# Seconds for one administrative request; brokers answer in milliseconds when they are there at all.
TIMEOUT_S = 15.0
_UNREACHABLE = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
    # While a partition's leader moves to another broker.
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.OFFSET_NOT_AVAILABLE,
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


@dataclass(frozen=True)
class ClusterState:
    """A cluster: its id and how many brokers it has."""

    cluster_id: str
    brokers: int


def client_config(service: KafkaService) -> dict[str, Any]:
    """librdkafka's configuration with secrets in the clear: hand it to a client, never to a log."""
    return {key: value.get_secret_value() for key, value in service.config.items()}


def wrap(error: KafkaException, service: KafkaService) -> ServiceError:
    """A librdkafka error as one of ours, with what to do about it."""
    cause: KafkaError = error.args[0]
    address = client_config(service).get("bootstrap.servers", "(no bootstrap.servers)")
    told = redacted(cause.str(), service.secrets)
    if cause.code() in _UNREACHABLE:
        remedy = "Check that the broker runs (`macd status`) and bootstrap.servers in macd_kafka."
        return ServiceUnreachable(SERVICE, f"no answer from {address} ({cause.name()}).", remedy=remedy)
    if cause.code() in _REFUSED:
        remedy = "Check the API key in macd_kafka and the ACLs of its account."
        return AuthenticationFailed(SERVICE, f"{address} refused: {told.rstrip('.')}.", remedy=remedy)
    remedy = "Read the broker's log for the request that it refused."
    return RequestRejected(SERVICE, f"{cause.name()}: {told}", remedy=remedy, code=cause.code())


def _admin_client(service: KafkaService, more: Mapping[str, Any]) -> AdminClient:
    """A setting that librdkafka refuses is a SpecError that names it and quotes no value."""
    config = client_config(service)
    try:
        return AdminClient({**config, **more})
    except KafkaException as error:
        told = redacted(error.args[0].str(), config.values()).rstrip(".")
        raise SpecError(
            f"Kafka's client cannot be configured: {told}.",
            remedy="Correct that setting in the target's file, or in the extra of macd_kafka.",
        ) from None


class KafkaAdmin:
    """Topics of one cluster."""

    def __init__(self, service: KafkaService, client: AdminClient | None = None) -> None:
        self.service = service
        self._noticed: list[KafkaError] = []
        # librdkafka retries a closed port for ever and logs each try; the error that we raise says it once.
        quiet: dict[str, Any] = {"log_level": 0, "error_cb": self._noticed.append}
        self._client = client or _admin_client(service, quiet)

    def names(self) -> list[str]:
        """The names of all topics that this account may see."""
        return sorted(self._list_topics())

    def topics(self, names: list[str]) -> dict[str, TopicState]:
        """Those of `names` that exist."""
        found = self._list_topics()
        existing = [name for name in names if name in found]
        configs = self._configs(existing)
        return {name: _state(name, found[name], configs[name]) for name in existing}

    def cluster(self, timeout_s: float = TIMEOUT_S) -> ClusterState:
        """Which cluster this is; refused credentials are told from a broker that does not answer."""
        try:
            found: Any = self._client.describe_cluster(request_timeout=timeout_s).result()
        except KafkaException as error:
            self._raise(self._refusal() or error)
        return ClusterState(str(found.cluster_id), len(found.nodes))

    def validate(self, topic: TopicState) -> bool:
        """Asks whether the topic could be created, and creates nothing; False when it exists."""
        return self._create(topic, validate_only=True)

    def operations(self, topics: list[str]) -> dict[str, frozenset[AclOperation] | None]:
        """What this account may do with those that exist; None where the broker does not tell.

        A topic that the account may not even see counts as one that exists.
        """
        asked = self._client.describe_topics(
            TopicCollection(topics), include_authorized_operations=True, request_timeout=TIMEOUT_S
        )
        found: dict[str, frozenset[AclOperation] | None] = {}
        for topic, answer in asked.items():
            try:
                [described] = self._wait({topic: answer}).values()
            except RequestRejected as error:
                if error.code != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            except AuthenticationFailed:
                found[topic] = frozenset()
            else:
                told = described.authorized_operations
                found[topic] = frozenset(told) if told else None
        return found

    def topic_id(self, name: str) -> str:
        """What tells a topic from one of the same name that was deleted before it."""
        described = self._wait(
            self._client.describe_topics(TopicCollection([name]), request_timeout=TIMEOUT_S)
        )
        return str(described[name].topic_id)

    def create(self, topic: TopicState) -> bool:
        """Creates a topic; False when somebody else did so first."""
        return self._create(topic)

    def _create(self, topic: TopicState, **options: bool) -> bool:
        new = NewTopic(topic.name, topic.partitions, topic.replication_factor, config=dict(topic.config))
        try:
            self._wait(self._client.create_topics([new], request_timeout=TIMEOUT_S, **options))
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

    def has_open_transaction(self, topic: str) -> bool:
        """Whether something was written that is neither committed nor taken back so far."""
        written = self._ends(topic, IsolationLevel.READ_UNCOMMITTED)
        committed = self._ends(topic, IsolationLevel.READ_COMMITTED)
        return any(committed[at] < offset for at, offset in written.items())

    def _ends(self, topic: str, level: IsolationLevel) -> dict[TopicPartition, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(topic, each): latest for each in self._partitions(topic)}
        if not wanted:
            return {}
        answers = self._client.list_offsets(wanted, isolation_level=level, request_timeout=TIMEOUT_S)
        return {at: found.offset for at, found in self._wait(answers).items()}

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

    @property
    def notice(self) -> str:
        """The last thing that went wrong with a connection, in librdkafka's words; empty when nothing did."""
        told = [error.str() for error in self._noticed if error.code() != KafkaError._ALL_BROKERS_DOWN]
        return told[-1] if told else ""

    def _refusal(self) -> KafkaException | None:
        """librdkafka tries refused credentials again until time is up, and then speaks of the time only."""
        self._client.poll(0)
        refused = [error for error in self._noticed if error.code() in _REFUSED]
        return KafkaException(refused[-1]) if refused else None

    def _raise(self, error: KafkaException) -> NoReturn:
        raise wrap(error, self.service) from error


def _own_settings(entries: Mapping[str, ConfigEntry]) -> dict[str, str]:
    return {
        key: entry.value for key, entry in entries.items() if not entry.is_default and entry.value is not None
    }


def _state(name: str, metadata: Any, config: Mapping[str, str]) -> TopicState:
    partitions = metadata.partitions
    replication = max((len(partition.replicas) for partition in partitions.values()), default=0)
    return TopicState(name, len(partitions), replication, config)
