"""What statements are validated against and act on: the catalogue, Kafka and the registry."""

from __future__ import annotations

from dataclasses import dataclass, field

from ksqlflink.catalogue.store import Catalogue
from ksqlflink.services.records import NoRecords, Records
from ksqlflink.services.registry import Registry, SandboxRegistry
from ksqlflink.services.topics import SandboxTopics, Topics


@dataclass(frozen=True)
class World:
    """The catalogue, the topics, the subjects and the records a statement sees."""

    catalogue: Catalogue
    topics: Topics
    registry: Registry
    records: Records = field(default_factory=NoRecords)

    def sandbox(self) -> World:
        """Return a world in which statements leave no trace outside, to validate a whole request in."""
        return World(self.catalogue.sandbox(), SandboxTopics(self.topics), SandboxRegistry(self.registry))
