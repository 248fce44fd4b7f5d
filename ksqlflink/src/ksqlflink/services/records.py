"""Records of topics, as far as the server itself writes and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ksqlflink.errors import ServerProblem

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


class Follower(Protocol):
    """Reads the committed records of several topics as they come, also from partitions that are added."""

    def poll(self, seconds: float) -> list[tuple[str, Record]]:
        """Return the next records with their topics, none if there are none within the time."""

    def position(self) -> Mapping[Place, int]:
        """Return the offset up to which each partition has been read."""

    def pause(self, places: Iterable[Place]) -> None:
        """Read nothing from these partitions for now."""

    def resume(self, places: Iterable[Place]) -> None:
        """Go on with these partitions."""

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

    def follower(self, starts: Mapping[Place, int]) -> Follower:
        """Return what reads the topics of these partitions, which it begins at these offsets."""
        del starts
        raise ServerProblem(_NOT_NOW)


class NoRecords(Records):
    """Stands in for the records while a request is validated."""


def has_reached(position: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Tell whether a reader has read up to the end offsets."""
    return all(position.get(partition, 0) >= end for partition, end in ends.items())
