"""What statements are validated against and act on: the catalogue, Kafka and the registry."""

from __future__ import annotations

from dataclasses import dataclass

from ksqlflink.catalogue import Catalogue
from ksqlflink.kafka import SandboxTopics, Topics
from ksqlflink.registry import Registry, SandboxRegistry


@dataclass(frozen=True)
class World:
    """The catalogue, the topics and the subjects a statement sees."""

    catalogue: Catalogue
    topics: Topics
    registry: Registry

    def sandbox(self) -> World:
        """Return a world in which statements leave no trace outside, to validate a whole request in."""
        return World(self.catalogue.sandbox(), SandboxTopics(self.topics), SandboxRegistry(self.registry))
