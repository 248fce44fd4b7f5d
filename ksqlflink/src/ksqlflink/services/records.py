"""Records of topics, as far as the server itself writes and reads them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ksqlflink.errors import ServerProblem

_TAIL = 16  # records, looked at first where the last one is searched
_POLL_SECONDS = 0.1
_READ_SECONDS = 30.0
_NOT_NOW = "nothing can be read while a request is validated"


@dataclass(frozen=True)
class Record:
    """A record as it lies in a topic; the timestamp is in milliseconds."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int


class TopicReader(Protocol):
    """Reads the committed records of one topic."""

    def poll(self, seconds: float) -> list[Record]:
        """Return the next records, none if there are none within the time."""

    def position(self) -> Mapping[int, int]:
        """Return the offset up to which each partition has been read."""

    def close(self) -> None:
        """Give up reading."""


Place = tuple[str, int]  # a topic and the number of a partition of it
Span = tuple[int, int]  # the offsets at which reading begins, and where the partition ended at that time


class Follower(Protocol):
    """Reads the committed records of several topics as they come, also from partitions that are added."""

    def poll(self, seconds: float) -> list[tuple[str, Record]]:
        """Return the next records with their topics, none if there are none within the time."""

    def close(self) -> None:
        """Give up reading."""


class Records(Protocol):
    """What the server writes to and reads from topics; what is written here reads and writes nothing."""

    def write(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> None:
        """Write a record and wait until it is acknowledged."""

    def reader(self, topic: str, starts: Mapping[int, int] | None, partitions: Iterable[int]) -> TopicReader:
        """Return a reader that begins at the offsets `starts`, or at the beginning."""
        del topic, starts, partitions
        raise ServerProblem(_NOT_NOW)

    def follower(self, spans: Mapping[Place, Span]) -> Follower:
        """Return what reads the topics of these partitions, which it begins at these offsets."""
        del spans
        raise ServerProblem(_NOT_NOW)

    def last(self, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]) -> Mapping[int, int]:
        """Return the offset of the last record of each partition that has one between these offsets."""
        del topic, begins, ends
        return {}


class NoRecords(Records):
    """Stands in for the records while a request is validated."""


def has_reached(position: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Tell whether a reader has read up to the end offsets."""
    return all(position.get(partition, 0) >= end for partition, end in ends.items())


def last_offsets(
    records: Records, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]
) -> dict[int, int]:
    """Return the offset of the last record of each partition that has one.

    It is searched from the end: the last offsets may be marks of transactions, which no reader is given.
    """
    found: dict[int, int] = {}
    left, back = {number: end for number, end in ends.items() if end > begins.get(number, 0)}, _TAIL
    while left:
        starts = {number: max(begins.get(number, 0), end - back) for number, end in left.items()}
        found |= _last_between(records.reader(topic, starts, starts), left)
        left = {
            number: end
            for number, end in left.items()
            if number not in found and starts[number] > begins.get(number, 0)
        }
        back *= _TAIL
    return found


def _last_between(reader: TopicReader, ends: Mapping[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    deadline = time.monotonic() + _READ_SECONDS
    try:
        while not has_reached(reader.position(), ends):
            if time.monotonic() > deadline:
                raise ServerProblem(f"The records of a topic were not read within {_READ_SECONDS:.0f} s")
            for record in reader.poll(_POLL_SECONDS):
                if record.offset < ends.get(record.partition, 0):
                    found[record.partition] = record.offset
    finally:
        reader.close()
    return found
