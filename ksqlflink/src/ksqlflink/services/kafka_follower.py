"""Reads several Kafka topics together, for as long as a client wants it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from ksqlflink.errors import ServerProblem
from ksqlflink.services.kafka_consumer import check, consumer, record_of
from ksqlflink.services.records import Place, Record, Span

_BATCH = 500
_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 1.0
# What waits here for a client that is slow; a record that is larger comes all the same.
_BOUNDS = {"queued_max_messages_kbytes": 1024, "fetch_max_bytes": 2**20, "fetch_message_max_bytes": 2**19}


def bounded_consumer(bootstrap_servers: str) -> Consumer:
    """Return a consumer that keeps little for a client that is slow."""
    return consumer(bootstrap_servers, **_BOUNDS)


class KafkaFollower:
    """Reads the committed records of Kafka topics; commits no offsets and joins no group.

    Of several topics those that are ahead in time wait while others catch up with where they ended at the
    beginning: a join takes the older record first, and what is newer would fill its memory.
    """

    def __init__(self, source: Consumer, spans: Mapping[Place, Span]) -> None:
        self._topics = sorted({topic for topic, _ in spans})
        self._position = {place: start for place, (start, _) in spans.items()}
        self._behind = {place: end for place, (start, end) in spans.items() if start < end}
        self._newest: dict[Place, int] = {}
        self._paused: set[Place] = set()
        self._consumer = source
        self._assign()
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def _assign(self) -> None:
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in self._position.items()])
        self._paused = set()

    def poll(self, seconds: float) -> list[tuple[str, Record]]:
        """Return the next records with their topics, none if there are none within the time."""
        if time.monotonic() >= self._look_at:
            self._look()
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(_BATCH, 0)]
        found = [item for message in messages if (item := self._item(message)) is not None]
        if len(self._topics) > 1 and (self._behind or self._paused):
            self._align()
        return found

    def _align(self) -> None:
        self._behind = {place: end for place, end in self._behind.items() if self._position[place] < end}
        slowest = min((self._newest.get(place, -1) for place in self._behind), default=None)
        ahead = {p for p, newest in self._newest.items() if slowest is not None and newest > slowest}
        self._consumer.pause([TopicPartition(*place) for place in ahead - self._paused])
        self._consumer.resume([TopicPartition(*place) for place in self._paused - ahead])
        self._paused = ahead

    def _item(self, message: Message) -> tuple[str, Record] | None:
        topic, error, offset = message.topic() or "", message.error(), message.offset() or 0
        place = (topic, message.partition() or 0)
        if error is None:
            record = record_of(message)
            self._position[place], self._newest[place] = offset + 1, record.timestamp
            return topic, record
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

    def close(self) -> None:
        """Give up reading."""
        with suppress(KafkaException, RuntimeError):
            self._consumer.close()
