"""Topics, as far as statements deal with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

COMPACT = "compact"


@dataclass(frozen=True)
class Topic:
    """Shape of a topic; retention in milliseconds, -1 for ever.

    A topic that is only compacted is created with the brokers' own retention, which has no effect on it.
    """

    name: str
    partitions: int
    replicas: int
    retention_ms: int = -1
    cleanup_policy: str = "delete"

    @property
    def config(self) -> dict[str, str]:
        """What it is created with."""
        config = {"cleanup.policy": self.cleanup_policy}
        if self.cleanup_policy != COMPACT:
            config["retention.ms"] = str(self.retention_ms)
        return config


class Topics(Protocol):
    """What validating and executing statements needs of Kafka."""

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name."""

    def create(self, topic: Topic) -> None:
        """Create a topic."""

    def delete(self, name: str) -> None:
        """Delete a topic."""

    def replicas(self) -> dict[str, list[int]]:
        """Return the replica count of each partition of each topic."""

    def end_offsets(self, name: str) -> dict[int, int]:
        """Return the offset after the last committed record of each partition."""

    def begin_offsets(self, name: str) -> dict[int, int]:
        """Return the offset of the first record of each partition."""

    def committed(self, group: str, name: str) -> dict[int, int]:
        """Return the offsets that a consumer group has committed for a topic."""


@dataclass
class SandboxTopics:
    """Topics as they will be once the statements before have run; creates and deletes nothing."""

    real: Topics
    _created: dict[str, Topic] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name."""
        return None if name in self._deleted else self._created.get(name) or self.real.find(name)

    def create(self, topic: Topic) -> None:
        """Note a topic."""
        self._deleted.discard(topic.name)
        self._created[topic.name] = topic

    def delete(self, name: str) -> None:
        """Note that a topic will be gone."""
        self._created.pop(name, None)
        self._deleted.add(name)

    def replicas(self) -> dict[str, list[int]]:
        """Return the replica count of each partition of each topic."""
        return self.real.replicas()

    def end_offsets(self, name: str) -> dict[int, int]:
        """Return the end offsets; a topic that is not there yet is empty."""
        if name in self._created:
            return dict.fromkeys(range(self._created[name].partitions), 0)
        return self.real.end_offsets(name)

    def begin_offsets(self, name: str) -> dict[int, int]:
        """Return the first offsets; a topic that is not there yet is empty."""
        return self.end_offsets(name) if name in self._created else self.real.begin_offsets(name)

    def committed(self, group: str, name: str) -> dict[int, int]:
        """Return nothing: a request that is validated has no progress."""
        del group, name
        return {}
