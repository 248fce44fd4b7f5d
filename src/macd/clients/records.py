"""Reads Kafka topics by offset, outside any consumer group."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from macd.clients.kafka import SERVICE, client_config, wrap
from macd.clients.offsets import (
    Extent,
    Place,
    Position,
    admin_client,
    begin_offsets,
    end_offsets,
    extents,
)
from macd.errors import DeadlineExceeded, RequestRejected, ServiceUnreachable
from macd.specs.endpoints import KafkaService

__all__ = ["Position", "Record", "RecordReader", "begin_offsets", "end_offsets"]

BATCH = 10_000
# Seconds. Brokers answer in milliseconds when they are there, so a longer wait only delays the bad news.
SILENCE_LIMIT_S = 20.0
# For one drain, what is done with its records included: enough for tens of millions of them.
READ_LIMIT_S = 600.0
_POLL_S = 0.2
_PASSING = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT}


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


class Held(NamedTuple):
    """So many records of a partition, from offset `since` on, are behind a transaction that is still open."""

    topic: str
    partition: int
    since: int
    records: int

    def __str__(self) -> str:
        return (
            f"{self.records:,} records of topic {self.topic} are behind a transaction that is still open "
            f"(since offset {self.since} of partition {self.partition})"
        )


class RecordSource(Protocol):
    """What RecordReader uses of KafkaSource."""

    def extents(self, topics: Collection[str]) -> dict[Place, Extent]: ...
    def assign(self, partitions: list[TopicPartition]) -> None: ...
    def pause(self, partitions: list[TopicPartition]) -> None: ...
    def resume(self, partitions: list[TopicPartition]) -> None: ...
    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Any]: ...
    def close(self) -> None: ...


class RecordReader:
    """Reads on from given positions; `drain` goes to where the topics end when it begins.

    Partitions that are added later are read from their beginning. Of what is gone before a position, or
    when a topic was created anew, reading begins with what is there (`cut` names those topics): whether it
    is all that is looked for, the records' keys tell. Who must not miss a record that was there once is
    `exhaustive`: refused instead. Records behind a transaction that is still open are not seen, unless
    `uncommitted`, which `exhaustive` is as well; then what is taken back is seen too.

    `check` is called before each poll and ends the reading by raising what it likes.
    """

    def __init__(
        self,
        service: KafkaService,
        start: Iterable[Position],
        source: RecordSource | None = None,
        *,
        exhaustive: bool = False,
        uncommitted: bool = False,
        limit_s: float = READ_LIMIT_S,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._start: dict[Place, int] = {(at.topic, at.partition): at.offset for at in start}
        self._topics = sorted({topic for topic, _ in self._start})
        self._exhaustive = exhaustive
        self._uncommitted = uncommitted or exhaustive
        self._source: RecordSource = (
            KafkaSource(service, exhaustive, self._uncommitted) if source is None else source
        )
        self._limit_s = limit_s
        self._check = check
        self._next: dict[Place, int] = {}
        self._extents: dict[Place, Extent] = {}
        self._ends: dict[Place, int] = {}
        self._paused: set[Place] = set()
        self._cut: set[str] = set()

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    @property
    def cut(self) -> tuple[str, ...]:
        """The topics that no longer hold all that has been there since the positions."""
        return tuple(sorted(self._cut))

    @property
    def held(self) -> tuple[Held, ...]:
        """What the last drain was kept from until its end, by partition."""
        return tuple(
            Held(*place, extent.stable_end, extent.end - extent.stable_end)
            for place, extent in self._extents.items()
            if self._next[place] <= extent.stable_end < extent.end
        )

    def drain(self, clock: Callable[[], float] = time.monotonic) -> Iterator[list[Record]]:
        """Batches of all records up to the present end, each once; blocks 0.2 s when there is nothing new.

        Raises ServiceUnreachable when the broker stays silent, DeadlineExceeded when reading takes longer
        than the reader's limit, RequestRejected when a topic is created anew while it is read.
        """
        began = heard = clock()
        self._set_out()
        while True:
            self._check()
            events = self._source.consume(BATCH, _POLL_S) if self._next else []
            batch = [event for event in events if self._is_new_record(event)]
            if batch:
                yield batch
            behind = self._behind()
            if not behind:
                return
            self._pause_those_beyond()
            now = clock()
            heard = now if events else heard
            if now - heard > SILENCE_LIMIT_S:
                self._raise_silence()
            if now - began > self._limit_s:
                self._raise_late(behind)

    def beginnings(self) -> tuple[Position, ...]:
        """Where the topics begin now; retention may have gone on since they were read."""
        found = self._source.extents(self._topics)
        return tuple(Position(*place, extent.begin) for place, extent in found.items())

    def _set_out(self) -> None:
        """Looks how far the topics reach, and takes in partitions that were not there before."""
        self._source.resume([TopicPartition(*place) for place in self._paused])
        self._paused.clear()
        self._extents = self._source.extents(self._topics) if self._topics else {}
        for place, extent in self._extents.items():
            if extent.end < self._next.get(place, 0):
                _raise_anew(place[0])
            self._ends[place] = extent.end if self._uncommitted else extent.stable_end
        new = {at: self._first(at, it) for at, it in self._extents.items() if at not in self._next}
        if new:
            self._next |= new
            self._source.assign([TopicPartition(*place, offset) for place, offset in self._next.items()])

    def _first(self, place: Place, extent: Extent) -> int:
        start = self._start.get(place, extent.begin)
        if extent.begin <= start <= extent.end:
            return start
        if self._exhaustive:
            _raise_lost(place[0])
        self._cut.add(place[0])
        return extent.begin

    def _is_new_record(self, event: Record) -> bool:
        """Books how far a partition has been read; at its end, that may be past what nobody gets to see."""
        place, offset = (event.topic() or "", event.partition() or 0), event.offset() or 0
        error = event.error()
        if error is None or error.code() == KafkaError._PARTITION_EOF:
            known = self._next.get(place, 0)
            self._next[place] = max(known, offset if error else offset + 1)
            return error is None and offset >= known
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            _raise_lost(place[0])
        if error.code() not in _PASSING:
            raise wrap(KafkaException(error), self._service)
        return False

    def _behind(self) -> dict[Place, int]:
        """The partitions of which something is left to read, and up to where."""
        return {place: end for place, end in self._ends.items() if self._next[place] < end}

    def _pause_those_beyond(self) -> None:
        """One that is written to faster than it can be read would leave no room for the others."""
        beyond = {place for place, end in self._ends.items() if self._next[place] > end} - self._paused
        if beyond:
            self._source.pause([TopicPartition(*place) for place in beyond])
            self._paused |= beyond

    def _raise_silence(self) -> NoReturn:
        address = client_config(self._service).get("bootstrap.servers")
        raise ServiceUnreachable(
            SERVICE,
            f"no answer from {address} for {SILENCE_LIMIT_S:.0f} s while reading.",
            remedy="Check that the broker runs (`macd status`) and bootstrap.servers in macd_kafka.",
        )

    def _raise_late(self, behind: dict[Place, int]) -> NoReturn:
        (topic, partition), end = next(iter(behind.items()))
        more = f", and {len(behind) - 1} more are behind" if len(behind) > 1 else ""
        raise DeadlineExceeded(
            f"Kafka: reading was not done within {self._limit_s:.0f} s; partition {partition} of topic "
            f"{topic} is at offset {self._next[topic, partition]:,} of {end:,}{more}.",
            remedy="See what keeps the broker busy (`macd status`), then do the same again; `macd verify` "
            "takes a longer --deadline.",
        )


class KafkaSource(Consumer):
    """A consumer outside any group that knows how far its topics reach."""

    def __init__(self, service: KafkaService, exhaustive: bool, uncommitted: bool) -> None:
        super().__init__(
            {
                **client_config(service),
                # A name is obligatory, but without subscribe() and commits no group comes into being.
                "group.id": "macd-record-reader",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "isolation.level": "read_uncommitted" if uncommitted else "read_committed",
                "enable.partition.eof": True,
                # For what is deleted between the look at the offsets and the reading.
                "auto.offset.reset": "error" if exhaustive else "earliest",
                # An end is reported after a fetch that found nothing more, and such a one takes this long.
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )
        self._service = service
        self._admin = admin_client(service)

    def extents(self, topics: Collection[str]) -> dict[Place, Extent]:
        """As `extents`, over one connection."""
        return extents(self._service, topics, self._admin)


def _raise_lost(topic: str) -> NoReturn:
    raise RequestRejected(
        SERVICE,
        f"topic {topic} no longer holds all that an earlier attempt of this run may have written; sending it "
        "again could leave records there twice.",
        remedy="Its retention has passed, or it was emptied or created anew. Start a new run.",
        code=KafkaError.OFFSET_OUT_OF_RANGE,
    )


def _raise_anew(topic: str) -> NoReturn:
    raise RequestRejected(
        SERVICE,
        f"topic {topic} was created anew while it was read.",
        remedy="Do the same again once nobody changes the pipeline any more.",
        code=KafkaError.OFFSET_OUT_OF_RANGE,
    )
