"""Topics, producing and reading for the data case runner."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from .case import Shape, Topic
from .waiting import wait_until

TIMEOUT_S = 30
POLL_S = 0.2
PARTITIONER_DECIDES = -1
# As recorded (sinks inherit it); besides, the records are older than what brokers keep by default.
KEEP_FOR_EVER = "-1"
SETTINGS = ("retention.ms", "cleanup.policy")


class Kafka:
    """One cluster, by its bootstrap servers."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap = bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers})

    def partitions(self) -> dict[str, int]:
        """Partition count of every topic."""
        topics = self._admin.list_topics(timeout=TIMEOUT_S).topics
        return {name: len(found.partitions) for name, found in topics.items() if found.error is None}

    def shapes(self, names: Collection[str]) -> dict[str, Shape | None]:
        """Partitions and settings of topics, None for one that does not exist."""
        partitions = self.partitions()
        return {
            name: {"partitions": partitions[name], **self._settings(name)} if name in partitions else None
            for name in names
        }

    def _settings(self, name: str) -> dict[str, str]:
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        config = self._admin.describe_configs([resource])[resource].result(TIMEOUT_S)
        return {setting: config[setting].value for setting in SETTINGS}

    def delete_topics(self, names: Collection[str]) -> None:
        """Delete those of `names` that exist and wait until they are gone."""
        existing = [name for name in names if name in self.partitions()]
        if not existing:
            return
        _settle(self._admin.delete_topics(existing), KafkaError.UNKNOWN_TOPIC_OR_PART)
        gone = set(existing)
        wait_until(lambda: gone.isdisjoint(self.partitions()), TIMEOUT_S, f"deletion of {existing}")

    def create_topics(self, topics: Collection[Topic]) -> None:
        """Create topics that do not exist and wait until every broker answer shows them."""
        if not topics:
            return
        new = [
            NewTopic(topic.name, topic.partitions, config={"retention.ms": KEEP_FOR_EVER, **topic.config})
            for topic in topics
        ]
        _settle(self._admin.create_topics(new))
        wanted = {topic.name: topic.partitions for topic in topics}
        wait_until(
            lambda: wanted.items() <= self.partitions().items(), TIMEOUT_S, f"creation of {list(wanted)}"
        )

    def keep_everything(self, names: Collection[str]) -> None:
        """Let topics lose nothing: their records are older than what brokers keep, or may be compacted."""
        wanted = {"retention.ms": KEEP_FOR_EVER, "cleanup.policy": "delete"}
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in wanted.items()
        ]
        topics = [
            ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)
            for name in names
            if name in self.partitions()
        ]
        if topics:
            _settle(self._admin.incremental_alter_configs(topics))

    def producer(self) -> CaseProducer:
        """A producer that writes one record at a time."""
        return CaseProducer(self._bootstrap)

    def read(self, expected: Mapping[str, int], *, deadline_s: float, quiet_s: float) -> list[Message]:
        """Read topics from the start until they hold what is expected and then stay quiet.

        `expected` maps topic to its expected record count. Returns after `quiet_s` seconds without a record
        once the counts are reached, or after `deadline_s` seconds whatever is there.
        """
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "conformance-reader",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "allow.auto.create.topics": False,
            }
        )
        try:
            consumer.assign(self._assignment(expected))
            return _read_until_quiet(consumer, expected, deadline_s, quiet_s)
        finally:
            consumer.close()

    def _assignment(self, topics: Collection[str]) -> list[TopicPartition]:
        counts = self.partitions()
        return [
            TopicPartition(name, partition, OFFSET_BEGINNING)
            for name in topics
            for partition in range(counts.get(name, 0))
        ]


class CaseProducer:
    """Writes records one by one, each acknowledged before the next."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "acks": "all",
                # The partitioner of Kafka's own producer: co-partitioning in ksqlDB relies on it.
                "partitioner": "murmur2_random",
                "linger.ms": 0,
            }
        )
        self._error: KafkaError | None = None

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        timestamp: int,
        partition: int | None,
        headers: list[tuple[str, str | bytes | None]],
    ) -> None:
        """Write one record (`timestamp` in ms) and wait for the broker's acknowledgement."""
        self._producer.produce(
            topic,
            value=value,
            key=key,
            partition=PARTITIONER_DECIDES if partition is None else partition,
            timestamp=timestamp,
            headers=headers,
            on_delivery=self._delivered,
        )
        unsent = self._producer.flush(TIMEOUT_S)
        if self._error is not None:
            raise KafkaException(self._error)
        if unsent:
            raise TimeoutError(f"a record for {topic} was not acknowledged within {TIMEOUT_S} s")

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        self._error = self._error or error


def _settle(futures: Mapping[Any, Future[Any]], tolerated: int | None = None) -> None:
    for future in futures.values():
        try:
            future.result(TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != tolerated:
                raise


def _read_until_quiet(
    consumer: Consumer, expected: Mapping[str, int], deadline_s: float, quiet_s: float
) -> list[Message]:
    messages: list[Message] = []
    missing = dict(expected)
    now = last = time.monotonic()
    deadline = now + deadline_s
    while now < deadline and (any(count > 0 for count in missing.values()) or now - last < quiet_s):
        message = consumer.poll(POLL_S)
        now = time.monotonic()
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        messages.append(message)
        topic = message.topic()
        if topic is not None:
            missing[topic] -= 1
        last = now
    return messages
