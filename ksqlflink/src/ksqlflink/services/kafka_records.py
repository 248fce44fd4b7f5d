"""Records of a Kafka cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from confluent_kafka import (
    OFFSET_BEGINNING,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from ksqlflink.errors import ServerProblem
from ksqlflink.services.kafka import reason
from ksqlflink.services.kafka_consumer import CLIENT, check, consumer, record_of
from ksqlflink.services.kafka_follower import KafkaFollower, bounded_consumer
from ksqlflink.services.records import Place, Record, Span, TopicReader, last_offsets

_ACKNOWLEDGED_SECONDS = 30.0
_DELIVERED_MS = 25_000  # the delivery report decides, and comes a second or so later
_METADATA_SECONDS = 10.0
_BATCH = 500


@dataclass
class KafkaRecords:
    """Records of a Kafka cluster."""

    bootstrap_servers: str
    _producer: Producer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> None:
        """Write a record, placed by murmur2 of its key as Java's producer does, and wait for it."""
        acknowledged: Future[None] = Future()

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is None:
                acknowledged.set_result(None)
            else:
                acknowledged.set_exception(_not_taken(reason(error)))

        with self._lock:
            producer = self._open_producer()
        try:
            producer.produce(topic, value=value, key=key, timestamp=timestamp, on_delivery=delivered)
            acknowledged.result(_ACKNOWLEDGED_SECONDS)
        except KafkaException as error:
            raise _not_taken(reason(error)) from error
        except BufferError as error:
            raise _not_taken("too many records wait for Kafka") from error
        except TimeoutError:
            raise _not_taken(f"no acknowledgement within {_ACKNOWLEDGED_SECONDS:.0f} s") from None

    def last(self, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]) -> Mapping[int, int]:
        """Return the offset of the last record of each partition that has one between these offsets."""
        return last_offsets(self, topic, begins, ends)

    def learn(self, topic: str) -> None:
        """Look at a new topic: an older one of its name may have had another number of partitions."""
        with self._lock:
            if self._producer is None:
                return
            try:
                self._producer.list_topics(topic, _METADATA_SECONDS)
            except KafkaException as error:
                raise ServerProblem(f"Kafka does not describe topic {topic}: {reason(error)}") from error

    def _open_producer(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(
                {
                    **CLIENT,
                    "bootstrap.servers": self.bootstrap_servers,
                    "partitioner": "murmur2_random",
                    "linger.ms": 0,
                    "enable.idempotence": True,
                    # What Kafka has not taken by then it does not get later: nobody waits for it any more.
                    "message.timeout.ms": _DELIVERED_MS,
                }
            )
            threading.Thread(target=_serve, args=(self._producer,), name="producer", daemon=True).start()
        return self._producer

    def reader(self, topic: str, starts: Mapping[int, int] | None, partitions: Iterable[int]) -> TopicReader:
        """Return a reader that begins at the offsets `starts`, or at the beginning."""
        return KafkaReader(self.bootstrap_servers, topic, starts, partitions)

    def follower(self, spans: Mapping[Place, Span]) -> KafkaFollower:
        """Return what reads the topics of these partitions, which it begins at these offsets."""
        return KafkaFollower(bounded_consumer(self.bootstrap_servers), spans)


def _not_taken(why: str) -> ServerProblem:
    return ServerProblem(f"Kafka did not take the record: {why}")


def _serve(producer: Producer) -> None:
    """Hand acknowledgements to whoever waits for them; nobody has to wait for another's."""
    while True:
        producer.poll(1.0)


class KafkaReader:
    """Reads the committed records of one Kafka topic; commits no offsets."""

    def __init__(
        self, bootstrap_servers: str, topic: str, starts: Mapping[int, int] | None, partitions: Iterable[int]
    ) -> None:
        self._topic = topic
        self._position: dict[int, int] = {}
        self._consumer = consumer(bootstrap_servers)
        at = starts or {}
        assignment = [
            TopicPartition(topic, number, at.get(number, OFFSET_BEGINNING)) for number in partitions
        ]
        self._consumer.assign(assignment)

    def poll(self, seconds: float) -> list[Record]:
        """Return the next records, none if there are none within the time."""
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        # Whatever has been fetched already comes with it.
        messages = [first, *self._consumer.consume(_BATCH, 0)]
        return [record for message in messages if (record := self._record(message)) is not None]

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        partition, offset = message.partition() or 0, message.offset() or 0
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._position[partition] = max(self._position.get(partition, 0), offset)
                return None
            check(error, self._topic)
            return None
        self._position[partition] = offset + 1
        return record_of(message)

    def position(self) -> Mapping[int, int]:
        """Return the offset up to which each partition has been read."""
        return self._position

    def close(self) -> None:
        """Give up reading."""
        try:
            self._consumer.close()
        except (KafkaException, RuntimeError):
            return
