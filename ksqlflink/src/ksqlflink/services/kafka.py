"""Topics of a Kafka cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, TopicMetadata
from confluent_kafka.admin import NewTopic as _NewTopic

from ksqlflink.errors import ServerProblem
from ksqlflink.services.topics import Topic

_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.01
_POOLED_IDS = 8  # Flink's sink takes the lowest free number; two are in use unless commits are held up
T = TypeVar("T")


def reason(error: BaseException | KafkaError) -> str:
    """Return what is wrong, as a broker words it; what librdkafka itself says would name addresses."""
    found = error.args[0] if isinstance(error, KafkaException) else error
    if not isinstance(found, KafkaError):
        return str(found)
    return found.str() if found.code() > 0 else KafkaError(found.code()).str()


class KafkaTopics:
    """Topics of a cluster."""

    def __init__(
        self,
        bootstrap_servers: str,
        created: Callable[[str], None] = lambda _: None,
        admin: AdminClient | None = None,
    ) -> None:
        """`created` is told the name of each topic that is made."""
        self._bootstrap_servers = bootstrap_servers
        self._created = created
        self._admin = admin or AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name."""
        listed = self._listed(name)
        if listed is None or listed.error is not None:
            return None
        config = self._config(ConfigResource(ConfigResource.Type.TOPIC, name))
        replicas = len(listed.partitions[0].replicas)
        retention, policy = (config[key].value for key in ("retention.ms", "cleanup.policy"))
        return Topic(name, len(listed.partitions), replicas, int(retention), policy)

    def _listed(self, name: str) -> TopicMetadata | None:
        """Return what the brokers say of a topic; asking for it by name could make it."""
        return self._call(lambda: self._admin.list_topics(timeout=_TIMEOUT_SECONDS)).topics.get(name)

    def _config(self, resource: ConfigResource) -> Mapping[str, Any]:
        (future,) = self._admin.describe_configs([resource]).values()
        config: Mapping[str, Any] = self._call(lambda: future.result(_TIMEOUT_SECONDS))
        return config

    def create(self, topic: Topic) -> None:
        """Create a topic and wait until the brokers know it: the controller's answer comes earlier."""
        new = _NewTopic(topic.name, topic.partitions, topic.replicas, config=topic.config)
        (future,) = self._admin.create_topics([new]).values()
        try:
            future.result(_TIMEOUT_SECONDS)
        except (KafkaException, TimeoutError) as error:
            cause = error.args[0].str() if isinstance(error, KafkaException) else "the brokers do not answer"
            message = f"Failed to guarantee existence of topic {topic.name}\nCaused by: {cause}"
            raise ServerProblem(message) from error
        _wait(lambda: self._is_usable(topic), f"The brokers do not know the new topic {topic.name}")
        self._created(topic.name)

    def _is_usable(self, topic: Topic) -> bool:
        """Tell whether each partition is in the metadata with its leader, and that leader knows it, too."""
        listed = self._listed(topic.name)
        if listed is None or listed.error is not None:
            return False
        led = [part for part in listed.partitions.values() if part.error is None and part.leader >= 0]
        if len(led) < topic.partitions:
            return False
        try:
            self.end_offsets(topic.name)
        except ServerProblem:
            return False
        return True

    def delete(self, name: str) -> None:
        """Delete a topic and wait until the brokers do not know it any more."""
        (future,) = self._admin.delete_topics([name]).values()
        self._call(lambda: future.result(_TIMEOUT_SECONDS))
        _wait(lambda: self._listed(name) is None, f"The brokers still know the deleted topic {name}")

    def replicas(self) -> dict[str, list[int]]:
        """Return the replica count of each partition of each topic."""
        listed = self._call(lambda: self._admin.list_topics(timeout=_TIMEOUT_SECONDS)).topics
        return {
            name: [len(partition.replicas) for _, partition in sorted(topic.partitions.items())]
            for name, topic in sorted(listed.items())
        }

    def end_offsets(self, name: str) -> dict[int, int]:
        """Return the offset after the last committed record of each partition."""
        return self._offsets(name, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def begin_offsets(self, name: str) -> dict[int, int]:
        """Return the offset of the first record of each partition."""
        return self._offsets(name, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def committed(self, group: str, name: str) -> dict[int, int]:
        """Return the offsets that a consumer group has committed for a topic."""
        asked = ConsumerGroupTopicPartitions(group)
        (future,) = self._admin.list_consumer_group_offsets([asked]).values()
        partitions = self._call(lambda: future.result(_TIMEOUT_SECONDS)).topic_partitions or []
        return {item.partition: item.offset for item in partitions if item.topic == name}

    def _offsets(self, name: str, which: OffsetSpec) -> dict[int, int]:
        listed = self._listed(name)
        if listed is None:
            raise ServerProblem(f"Kafka has no topic {name}")
        wanted = {TopicPartition(name, number): which for number in listed.partitions}
        level = IsolationLevel.READ_COMMITTED
        futures = self._admin.list_offsets(wanted, isolation_level=level, request_timeout=_TIMEOUT_SECONDS)
        return {
            partition.partition: self._call(partial(future.result, _TIMEOUT_SECONDS)).offset
            for partition, future in futures.items()
        }

    def cluster_id(self) -> str:
        """Return the id of the cluster; it may take some seconds when the brokers are away."""
        return str(self._call(lambda: self._admin.list_topics(timeout=_TIMEOUT_SECONDS)).cluster_id)

    def transaction_timeout_ms(self) -> int:
        """Return the longest transaction timeout the brokers allow, in milliseconds."""
        metadata = self._call(lambda: self._admin.list_topics(timeout=_TIMEOUT_SECONDS))
        broker = next(iter(metadata.brokers))
        config = self._config(ConfigResource(ConfigResource.Type.BROKER, str(broker)))
        return int(config["transaction.max.timeout.ms"].value)

    def abort_transactions(self, prefix: str) -> None:
        """Abort what a dead sink with this transactional id prefix left open.

        Readers with isolation.level=read_committed would wait for it until its timeout.
        """
        for number in range(_POOLED_IDS):
            config = {"bootstrap.servers": self._bootstrap_servers, "log_level": 0}
            producer = Producer({**config, "transactional.id": f"{prefix}-0-{number}"})
            self._call(partial(producer.init_transactions, _TIMEOUT_SECONDS))

    def alive(self, timeout: float = 2.0) -> bool:
        """Tell whether a broker answers within `timeout` seconds."""
        try:
            self._admin.list_topics(timeout=timeout)
        except KafkaException:
            return False
        return True

    @staticmethod
    def _call(action: Callable[[], T]) -> T:
        try:
            return action()
        except (KafkaException, TimeoutError) as error:
            raise ServerProblem(f"Kafka does not do what was asked: {reason(error)}") from error


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    """Poll until the condition holds; ServerProblem with the complaint when it does not in time."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise ServerProblem(f"{complaint} after {_TIMEOUT_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
