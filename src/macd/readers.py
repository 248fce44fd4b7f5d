"""Who reads the pipeline's topics: its queries and sinks, and how far each of them has come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from macd.clients.groups import ConsumerGroups, Progress
from macd.pipeline import Pipeline
from macd.specs.models import ConnectorSpec, StatementSpec


class Reader(NamedTuple):
    """Who reads a topic: the key of a part, and the name or the end of the name of its consumer group.

    `connector` is a sink's name, whose service may tell more than Kafka does.
    """

    part: str
    topic: str
    group: str
    connector: str | None = None


def query_key(statement: StatementSpec) -> str:
    """The key of a query as a part."""
    return f"query {statement.source}"


def connector_key(connector: ConnectorSpec) -> str:
    """The key of a sink as a part."""
    return f"connector {connector.name}"


class Readers:
    """The readers of a pipeline as it runs now."""

    def __init__(self, pipeline: Pipeline, groups: ConsumerGroups | None = None) -> None:
        self._pipeline = pipeline
        self._groups = groups

    def progress(self) -> dict[Reader, Progress | None]:
        """By reader; None for one that has committed nothing although there is something to read."""
        groups = self._groups or ConsumerGroups(self._pipeline.services.kafka)
        names = groups.names()
        return {reader: self._progress_of(reader, groups, names) for reader in self._readers()}

    def have_caught_up(self) -> bool:
        """Whether everything that the pipeline declares is there and has read all that it reads to its end.

        Internal topics included: a ksqlDB query has not yet joined what it has written to one. An end behind
        which a transaction is open is none: what it holds may be there in a moment.
        """
        groups = self._groups or ConsumerGroups(self._pipeline.services.kafka)
        names, readers = groups.names(), list(self._readers())
        declared = {
            *(query_key(statement) for statement in self._pipeline.spec.queries),
            *(connector_key(connector) for connector in self._pipeline.spec.connectors),
        }
        return (
            declared <= {reader.part for reader in readers}
            and all(self._is_at_the_end(reader, groups, names) for reader in readers)
            and not groups.has_open_transaction({reader.topic for reader in readers})
        )

    def _is_at_the_end(self, reader: Reader, groups: ConsumerGroups, names: Collection[str]) -> bool:
        group = _group_of(reader, names)
        found = groups.progress(group) if group else self._told(reader, groups)
        read = reader.topic in found or groups.is_empty(reader.topic)
        return read and not any(each.lag for each in found.values())

    def _progress_of(self, reader: Reader, groups: ConsumerGroups, names: Collection[str]) -> Progress | None:
        group = _group_of(reader, names)
        known = groups.progress(group, [reader.topic]) if group else self._told(reader, groups)
        return known.get(reader.topic) or (Progress(0, 0) if groups.is_empty(reader.topic) else None)

    def _told(self, reader: Reader, groups: ConsumerGroups) -> Mapping[str, Progress]:
        """By the connectors' service: Kafka does not list a group that this account has no right to see."""
        told = self._pipeline.connect.offsets(reader.connector) if reader.connector else None
        if told is None:
            return {}
        age_s = max(0.0, (datetime.now(UTC) - told.observed_at).total_seconds())
        found = groups.progress_at(told.offsets, [reader.topic])
        return {topic: progress._replace(age_s=age_s) for topic, progress in found.items()}

    def _readers(self) -> Iterator[Reader]:
        spec = self._pipeline.spec
        for connector in spec.connectors:
            group = self._pipeline.connect.consumer_group(connector.name)
            for topic in connector.topics if group else ():
                yield Reader(connector_key(connector), topic, str(group), connector.name)
        service_id = self._pipeline.ksqldb.server().service_id
        prefix = f"_confluent-ksql-{service_id}" if service_id else ""
        for query in self._pipeline.ksqldb.queries():
            for statement in (each for each in spec.queries if each.topic in query.sink_topics):
                for topic in spec.topics_read(statement):
                    yield Reader(query_key(statement), topic, f"{prefix}query_{query.query_id}")


def _group_of(reader: Reader, names: Iterable[str]) -> str | None:
    return next((name for name in names if name.endswith(reader.group)), None)
