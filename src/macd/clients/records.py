"""Reads Kafka topics by offset, outside any consumer group."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Protocol

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from macd.clients.kafka import SERVICE, client_config, wrap
from macd.errors import RequestRejected, ServiceUnreachable
from macd.specs.endpoints import KafkaService

BATCH = 10_000
# Seconds. Brokers answer in milliseconds when they are there, so a longer wait only delays the bad news.
REQUEST_TIMEOUT_S = 10.0
SILENCE_LIMIT_S = 20.0
_POLL_S = 0.2
_PASSING = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT}


class Position(NamedTuple):
    """The next offset to read of one partition."""

    topic: str
    partition: int
    offset: int


class Record(Protocol):
    """What the readers use of confluent_kafka.Message."""

    def topic(self) -> str | None: ...  # noqa: D102
    def partition(self) -> int | None: ...  # noqa: D102
    def offset(self) -> int | None: ...  # noqa: D102
    def timestamp(self) -> Any: ...  # noqa: D102
    def key(self) -> Any: ...  # noqa: D102
    def value(self) -> Any: ...  # noqa: D102
    def headers(self) -> Any: ...  # noqa: D102
    def error(self) -> KafkaError | None: ...  # noqa: D102


class RecordSource(Protocol):
    """What RecordReader uses of confluent_kafka.Consumer."""

    def assign(self, partitions: list[TopicPartition]) -> None: ...  # noqa: D102
    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Any]: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


def end_offsets(
    service: KafkaService, topics: Collection[str], client: AdminClient | None = None
) -> tuple[Position, ...]:
    """Where each partition of `topics` ends now for a read_committed reader; refuses a missing topic."""
    return _offsets(service, topics, OffsetSpec.latest(), client)  # type: ignore[no-untyped-call]


def begin_offsets(
    service: KafkaService, topics: Collection[str], client: AdminClient | None = None
) -> tuple[Position, ...]:
    """Where each partition of `topics` begins now, as far as retention goes; refuses a missing topic."""
    return _offsets(service, topics, OffsetSpec.earliest(), client)  # type: ignore[no-untyped-call]


def _offsets(
    service: KafkaService, topics: Collection[str], which: OffsetSpec, client: AdminClient | None
) -> tuple[Position, ...]:
    if not topics:
        return ()
    # Each failed connection would be a line on stderr; the error that we raise says it once.
    admin = client or AdminClient({**client_config(service), "log_level": 0})
    try:
        known = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
        wanted = {
            TopicPartition(topic, partition): which
            for topic in topics
            for partition in _partitions(known, topic)
        }
        answers = admin.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=REQUEST_TIMEOUT_S
        )
        return tuple(Position(at.topic, at.partition, found.result().offset) for at, found in answers.items())
    except KafkaException as error:
        raise wrap(error, service) from error


class RecordReader:
    """Reads committed records from given positions on; `drain` goes to where the topics end just then."""

    def __init__(
        self, service: KafkaService, start: Iterable[Position], source: RecordSource | None = None
    ) -> None:
        self._service = service
        self._assigned = [TopicPartition(*position) for position in start]
        self._unfinished = {(at.topic, at.partition) for at in self._assigned}
        self._source: RecordSource = _consumer(service) if source is None else source
        self._source.assign(self._assigned)

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def drain(self, clock: Callable[[], float] = time.monotonic) -> Iterator[list[Record]]:
        """Batches of records up to the present end; blocks at most 0.2 s when there is nothing new.

        Raises ServiceUnreachable when the broker stays silent, RequestRejected when the offsets are gone.
        """
        heard = clock()
        while True:
            events = self._source.consume(BATCH, _POLL_S) if self._assigned else []
            batch = [event for event in events if self._is_record(event)]
            if batch:
                yield batch
            if not self._unfinished:
                return
            heard = clock() if events else heard
            if clock() - heard > SILENCE_LIMIT_S:
                self._raise_silence()

    def _is_record(self, event: Record) -> bool:
        """Books the end-of-partition events; one comes each time a partition has been read to its end."""
        where = (event.topic() or "", event.partition() or 0)
        error = event.error()
        if error is None:
            self._unfinished.add(where)
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            self._unfinished.discard(where)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            _raise_lost(where[0])
        elif error.code() not in _PASSING:
            raise wrap(KafkaException(error), self._service)
        return False

    def _raise_silence(self) -> NoReturn:
        address = client_config(self._service).get("bootstrap.servers")
        raise ServiceUnreachable(
            SERVICE,
            f"no answer from {address} for {SILENCE_LIMIT_S:.0f} s while reading.",
            remedy="Check that the broker runs (`macd status`) and bootstrap.servers in macd_kafka.",
        )


def _partitions(known: dict[str, Any], topic: str) -> list[int]:
    if topic not in known or known[topic].error is not None:
        raise RequestRejected(
            SERVICE,
            f"topic {topic} does not exist.",
            remedy="Create the topics first (`macd apply`, or the DAG's first task).",
            code=KafkaError.UNKNOWN_TOPIC_OR_PART,
        )
    return sorted(known[topic].partitions)


def _raise_lost(topic: str) -> NoReturn:
    raise RequestRejected(
        SERVICE,
        f"topic {topic} no longer holds the offsets of this run.",
        remedy="Its retention has passed or it was created anew; start a new run.",
        code=KafkaError.OFFSET_OUT_OF_RANGE,
    )


def _consumer(service: KafkaService) -> Consumer:
    return Consumer(
        {
            **client_config(service),
            # A name is obligatory, but without subscribe() and commits no group comes into being.
            "group.id": "macd-record-reader",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            # Starting elsewhere than asked would make a reconciliation wrong without anybody noticing.
            "auto.offset.reset": "error",
            # An end is reported after the fetch that found nothing more, and such a fetch takes this long.
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        }
    )
