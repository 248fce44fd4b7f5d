"""Writes records, and how far their source has been worked off, in one Kafka transaction each."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from macd.clients.kafka import SERVICE, client_config, wrap
from macd.clients.records import Position
from macd.errors import DeliveryFailed, RequestRejected
from macd.producer.delivery import producer_config
from macd.specs.endpoints import KafkaService

# Seconds. A transaction holds one batch; a broker that takes longer than this has a trouble of its own.
TIMEOUT_S = 30.0
_OVERTAKEN = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}


class Outgoing(NamedTuple):
    """A record to write; `timestamp` in epoch milliseconds, partition -1 leaves the choice to the key."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    timestamp: int
    headers: list[tuple[str, bytes | None]]


class Progress(NamedTuple):
    """How far a group has come in one partition, and the note that was left with it."""

    offset: int
    note: str


class TransactionalProducer(Protocol):
    """What Transactions uses of confluent_kafka.Producer."""

    def init_transactions(self, timeout: float) -> None: ...  # noqa: D102
    def begin_transaction(self) -> None: ...  # noqa: D102
    def produce(self, *args: Any, **kwargs: Any) -> None: ...  # noqa: D102
    def send_offsets_to_transaction(self, positions: Any, group: Any, timeout: float) -> None: ...  # noqa: D102
    def commit_transaction(self, timeout: float) -> None: ...  # noqa: D102
    def abort_transaction(self, timeout: float) -> None: ...  # noqa: D102


class Transactions:
    """A producer under a name that only one process can hold: a second one takes it over from the first.

    What the first had begun is undone by that, so after a kill nothing is half done and nothing is twice.
    """

    def __init__(
        self, service: KafkaService, name: str, producer: TransactionalProducer | None = None
    ) -> None:
        self._service = service
        try:
            self._producer = producer or _producer(service, name)
            self._producer.init_transactions(TIMEOUT_S)
        except KafkaException as error:
            self._raise(error)

    def write(
        self,
        records: Iterable[Outgoing],
        read: Iterable[Position] = (),
        group: Any = None,
        note: str = "",
    ) -> None:
        """All of the records and the group's positions, or nothing; returns once it is committed."""
        try:
            self._producer.begin_transaction()
            self._fill(records, [TopicPartition(*at, metadata=note) for at in read], group)
            self._producer.commit_transaction(TIMEOUT_S)
        except KafkaException as error:
            self._abort()
            self._raise(error)
        except BaseException:
            self._abort()
            raise

    def _fill(self, records: Iterable[Outgoing], positions: list[TopicPartition], group: Any) -> None:
        for record in records:
            message = record._asdict()
            self._producer.produce(message.pop("topic"), **message)
        if positions:
            self._producer.send_offsets_to_transaction(positions, group, TIMEOUT_S)

    def _abort(self) -> None:
        """As far as it can be reached; otherwise the broker does so when the transaction's time is over."""
        try:
            self._producer.abort_transaction(TIMEOUT_S)
        except KafkaException:
            return

    def _raise(self, error: KafkaException) -> NoReturn:
        code = error.args[0].code()
        if code in _OVERTAKEN:
            raise RequestRejected(
                SERVICE,
                "another process has taken over writing these records again.",
                remedy="Let that one finish, then look again.",
                code=code,
            ) from error
        if code in (KafkaError._MSG_TIMED_OUT, KafkaError._PURGE_QUEUE):
            raise DeliveryFailed(
                f"Kafka did not take a batch of records ({error.args[0].str()}); none of it was written.",
                remedy="Check that the broker runs (`macd status`), then do the same again.",
            ) from error
        raise wrap(error, self._service) from error


class OffsetConsumer(Protocol):
    """What ReaderGroup uses of confluent_kafka.Consumer."""

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]: ...  # noqa: D102
    def consumer_group_metadata(self) -> Any: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class ReaderGroup:
    """The consumer group under whose name it is kept how far a topic has been worked off."""

    def __init__(self, service: KafkaService, name: str, consumer: OffsetConsumer | None = None) -> None:
        self._service = service
        self._consumer = consumer or _consumer(service, name)

    def __enter__(self) -> ReaderGroup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    @property
    def member(self) -> Any:
        """For the transaction that commits the group's positions."""
        return self._consumer.consumer_group_metadata()

    def committed(self, positions: Iterable[Position]) -> dict[tuple[str, int], Progress]:
        """By topic and partition; without those in which the group has not been yet."""
        asked = [TopicPartition(at.topic, at.partition) for at in positions]
        try:
            found = self._consumer.committed(asked, timeout=TIMEOUT_S)
        except KafkaException as error:
            raise wrap(error, self._service) from error
        return {
            (at.topic, at.partition): Progress(at.offset, at.metadata or "") for at in found if at.offset >= 0
        }


def _producer(service: KafkaService, name: str) -> TransactionalProducer:
    own = {
        "transactional.id": name,
        # A batch is written at once, so waiting for a fuller one only costs time.
        "linger.ms": 5,
        # librdkafka refuses a producer whose messages may take longer than their transaction (60 s).
        "message.timeout.ms": int(TIMEOUT_S * 1000),
    }
    return Producer({**producer_config(service), **own})


def _consumer(service: KafkaService, name: str) -> OffsetConsumer:
    return Consumer(
        {
            **client_config(service),
            "group.id": name,
            "enable.auto.commit": False,
            # Positions of a transaction that is still open do not count.
            "isolation.level": "read_committed",
            "log_level": 0,
        }
    )
