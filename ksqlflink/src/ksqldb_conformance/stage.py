"""Set the stage for a replay: topics, schemas and input records, and take it down again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Self

from .case import Formats, InputRecord, Topic, versions_of
from .codec import encode, encode_key, header_bytes
from .kafka import CaseProducer, Kafka
from .ksqldb import KsqlDb
from .registry import Registry
from .services import Services


class Stage:
    """Connections of one replay and what it puts on the services; several stages can be up side by side."""

    def __init__(self, services: Services, formats: Mapping[str, Formats]) -> None:
        self.kafka = Kafka(services.kafka)
        self.registry = Registry(services.registry)
        self.ksqldb = KsqlDb(services.ksqldb)
        self._formats = formats
        self._schemas: dict[str, list[tuple[Any, int]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.registry.close()
        self.ksqldb.close()

    def clean(self, topics: Collection[str]) -> None:
        """Remove queries, sources, topics and subjects that belong to `topics`."""
        self.ksqldb.remove_sources(topics)
        self.kafka.delete_topics(topics)
        for topic in topics:
            self.registry.delete(f"{topic}-key")
            self.registry.delete(f"{topic}-value")

    def set_up(self, topics: Collection[Topic], schemas: Mapping[str, Any]) -> None:
        """Create topics and register schemas (subject -> schema, or a list of versions)."""
        self.kafka.create_topics(topics)
        for subject, found in schemas.items():
            versions = [(one, self.registry.register(subject, one)) for one in versions_of(found)]
            self._schemas[subject] = versions

    def send(self, producer: CaseProducer, record: InputRecord) -> None:
        """Produce one record and wait for its acknowledgement."""
        formats = self._formats[record.topic]
        producer.send(
            record.topic,
            encode_key(record.key, formats.key, formats.windowed, self._schema(record, "key")),
            encode(record.value, formats.value, self._schema(record, "value")),
            record.timestamp,
            record.partition,
            header_bytes(record.headers),
        )

    def _schema(self, record: InputRecord, side: str) -> tuple[Any, int] | None:
        subject = f"{record.topic}-{side}"
        versions = self._schemas.get(subject)
        if versions:
            version = record.schema_version if side == "value" and record.schema_version else len(versions)
            return versions[version - 1]
        is_avro = getattr(self._formats[record.topic], side) == "AVRO"
        # A source with explicit columns registers its own schema.
        return self.registry.latest(subject) if is_avro else None
