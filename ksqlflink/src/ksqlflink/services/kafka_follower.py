"""Reads several Kafka topics together, for as long as a client wants it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from ksqlflink.errors import ServerProblem
from ksqlflink.services.kafka_consumer import check, consumer, record_of
from ksqlflink.services.records import Place, Record

_BATCH = 500
_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 1.0
# What waits here for a client that is slow; a record that is larger comes all the same.
_BOUNDS = {"queued_max_messages_kbytes": 1024, "fetch_max_bytes": 2**20, "fetch_message_max_bytes": 2**19}


class KafkaFollower:
    """Reads the committed records of Kafka topics; commits no offsets and joins no group."""

    def __init__(self, bootstrap_servers: str, starts: Mapping[Place, int]) -> None:
        self._topics = sorted({topic for topic, _ in starts})
        self._position = dict(starts)
        self._paused: set[Place] = set()
        self._consumer = consumer(bootstrap_servers, **_BOUNDS)
        self._assign()
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def _assign(self) -> None:
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in self._position.items()])
        self.pause(self._paused)

    def poll(self, seconds: float) -> list[tuple[str, Record]]:
        """Return the next records with their topics, none if there are none within the time."""
        if time.monotonic() >= self._look_at:
            self._look()
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(_BATCH, 0)]
        return [item for message in messages if (item := self._item(message)) is not None]

    def _item(self, message: Message) -> tuple[str, Record] | None:
        topic, error, offset = message.topic() or "", message.error(), message.offset() or 0
        place = (topic, message.partition() or 0)
        if error is None:
            self._position[place] = offset + 1
            return topic, record_of(message)
        if error.code() == KafkaError._PARTITION_EOF:
            self._position[place] = max(self._position.get(place, 0), offset)
        else:
            check(error, topic)
        return None

    def _look(self) -> None:
        """Take in partitions that were added meanwhile; ServerProblem for a topic that has gone."""
        self._look_at = time.monotonic() + _LOOK_SECONDS
        found = {place for topic in self._topics for place in self._places(topic)}
        added = found - self._position.keys()
        if added:
            self._position |= dict.fromkeys(added, 0)
            self._assign()

    def _places(self, topic: str) -> list[Place]:
        try:
            listed = self._consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic]
        except KafkaException:
            return []  # the brokers are away; what has been missed is read when they are back
        if listed.error is not None and listed.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise ServerProblem(f"Topic {topic} does not exist any more")
        return [(topic, number) for number in listed.partitions]

    def position(self) -> Mapping[Place, int]:
        """Return the offset up to which each partition has been read."""
        return self._position

    def pause(self, places: Iterable[Place]) -> None:
        """Read nothing from these partitions for now."""
        self._paused |= set(places)
        self._consumer.pause([TopicPartition(*place) for place in self._paused])

    def resume(self, places: Iterable[Place]) -> None:
        """Go on with these partitions."""
        self._paused -= set(places)
        self._consumer.resume([TopicPartition(*place) for place in places])

    def close(self) -> None:
        """Give up reading."""
        self._consumer.close()
