"""Topics of a Kafka cluster."""

from __future__ import annotations

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
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec
from confluent_kafka.admin import NewTopic as _NewTopic

from ksqlflink.errors import ServerProblem
from ksqlflink.services.topics import Topic

_TIMEOUT_SECONDS = 10.0
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

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name."""
        listed = self._call(lambda: self._admin.list_topics(timeout=_TIMEOUT_SECONDS)).topics.get(name)
        if listed is None or listed.error is not None:
            return None
        config = self._config(ConfigResource(ConfigResource.Type.TOPIC, name))
        replicas = len(listed.partitions[0].replicas)
        retention, policy = (config[key].value for key in ("retention.ms", "cleanup.policy"))
        return Topic(name, len(listed.partitions), replicas, int(retention), policy)

    def _config(self, resource: ConfigResource) -> Mapping[str, Any]:
        (future,) = self._admin.describe_configs([resource]).values()
        config: Mapping[str, Any] = self._call(lambda: future.result(_TIMEOUT_SECONDS))
        return config

    def create(self, topic: Topic) -> None:
        """Create a topic."""
        new = _NewTopic(topic.name, topic.partitions, topic.replicas, config=topic.config)
        (future,) = self._admin.create_topics([new]).values()
        try:
            future.result(_TIMEOUT_SECONDS)
        except (KafkaException, TimeoutError) as error:
            cause = error.args[0].str() if isinstance(error, KafkaException) else "the brokers do not answer"
            message = f"Failed to guarantee existence of topic {topic.name}\nCaused by: {cause}"
            raise ServerProblem(message) from error

    def delete(self, name: str) -> None:
        """Delete a topic."""
        (future,) = self._admin.delete_topics([name]).values()
        self._call(lambda: future.result(_TIMEOUT_SECONDS))

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
        listed = self._call(lambda: self._admin.list_topics(name, timeout=_TIMEOUT_SECONDS)).topics[name]
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
