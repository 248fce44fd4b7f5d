"""What statements are validated against and act on: the catalogue, Kafka, the registry and the worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from ksqlflink.catalogue.store import Catalogue
from ksqlflink.services.records import NoRecords, Records
from ksqlflink.services.registry import Registry, SandboxRegistry
from ksqlflink.services.topics import SandboxTopics, Topics
from ksqlflink.worker.process import Worker


@dataclass(frozen=True)
class World:
    """The catalogue, the topics, the subjects and the records a statement sees, and who evaluates for it."""

    catalogue: Catalogue
    topics: Topics
    registry: Registry
    records: Records = field(default_factory=NoRecords)
    worker: Worker = field(default_factory=Worker)

    def sandbox(self) -> World:
        """Return a world in which statements leave no trace outside, to validate a whole request in."""
        topics, registry = SandboxTopics(self.topics), SandboxRegistry(self.registry)
        return World(self.catalogue.sandbox(), topics, registry, worker=self.worker)
