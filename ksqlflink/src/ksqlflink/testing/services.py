"""Kafka and the schema registry, in memory."""

# What stands in for a service takes arguments it has no use for.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ksqlflink.services.records import NoRecords, Record
from ksqlflink.services.topics import Topic


@dataclass
class MemoryKafka(NoRecords):
    """Topics, and `log`: the records of all of them in the order in which they came, each with its topic."""

    topics: dict[str, Topic] = field(default_factory=dict)
    log: list[tuple[str, Record]] = field(default_factory=list)

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name."""
        return self.topics.get(name)

    def create(self, topic: Topic) -> None:
        """Create a topic; these brokers keep records for ever unless they are told otherwise."""
        kept = int(topic.config.get("retention.ms", -1))
        self.topics[topic.name] = replace(topic, retention_ms=kept)

    def delete(self, name: str) -> None:
        """Delete a topic and its records; the others keep their places in the log."""
        self.topics.pop(name, None)
        self.log[:] = [("" if topic == name else topic, record) for topic, record in self.log]

    def replicas(self) -> dict[str, list[int]]:
        """Return the replica count of each partition of each topic."""
        return {name: [topic.replicas] * topic.partitions for name, topic in sorted(self.topics.items())}

    def records(self, name: str) -> list[Record]:
        """Return the records of a topic."""
        return [record for topic, record in self.log if topic == name]

    def end_offsets(self, name: str) -> dict[int, int]:
        """Return the offset after the last record of each partition."""
        ends = self.begin_offsets(name)
        return ends | {record.partition: record.offset + 1 for record in self.records(name)}

    def begin_offsets(self, name: str) -> dict[int, int]:
        """Return the offset of the first record of each partition."""
        return dict.fromkeys(range(self.topics[name].partitions), 0)

    def committed(self, group: str, name: str) -> dict[int, int]:
        """Return nothing: queries note in no group how far they are."""
        return {}

    def write(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int) -> None:
        """Append a record, placed by its key as Java's producer does."""
        self.append(topic, key, value, timestamp, placed_by(key, self.topics[topic].partitions))

    def last(self, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]) -> Mapping[int, int]:
        """Return the offset of the last record of each partition."""
        return {record.partition: record.offset for record in self.records(topic)}

    def append(
        self, topic: str, key: bytes | None, value: bytes | None, timestamp: int, partition: int
    ) -> None:
        """Append a record to a partition."""
        offset = self.end_offsets(topic)[partition]
        self.log.append((topic, Record(partition, offset, key, value, timestamp)))


def placed_by(key: bytes | None, partitions: int) -> int:
    """Return the partition of a key; Kafka places a record without one anywhere."""
    # Imported here: translation, which uses these services too, places no record and runs without it.
    from confluent_kafka import murmur2

    return 0 if key is None else murmur2(key, partitions)


@dataclass
class MemoryRegistry:
    """Subjects with their versions; one schema has one id, whatever subjects it is registered under."""

    subjects: dict[str, tuple[int, ...]] = field(default_factory=dict)
    schemas: list[str] = field(default_factory=list)

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""
        number = self.latest_id(subject)
        return None if number is None else self.schemas[number - 1]

    def latest_id(self, subject: str) -> int | None:
        """Return the id of the newest schema of a subject."""
        return self.subjects[subject][-1] if subject in self.subjects else None

    def ids(self, subject: str) -> list[int]:
        """Return the ids of all versions of a subject."""
        return list(self.subjects.get(subject, ()))

    def schema(self, schema_id: int) -> str | None:
        """Return the schema of that id."""
        return self.schemas[schema_id - 1] if 0 < schema_id <= len(self.schemas) else None

    def register(self, subject: str, schema: str) -> int:
        """Register a schema under a subject and return its id."""
        if schema not in self.schemas:
            self.schemas.append(schema)
        number = self.schemas.index(schema) + 1
        if number not in self.subjects.get(subject, ()):
            self.subjects[subject] = (*self.subjects.get(subject, ()), number)
        return number

    def delete(self, subject: str) -> None:
        """Delete a subject, if there is one."""
        self.subjects.pop(subject, None)
