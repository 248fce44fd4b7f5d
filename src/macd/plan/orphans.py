"""Plans what apply made and no file declares any more: shown by default, removed when told to.

Streams are planned with the others (`macd.plan.streams`), because readers have to go before what they read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from macd.clients.connect import Connect
from macd.clients.kafka import KafkaAdmin
from macd.clients.ksqldb import KsqlDb, Source
from macd.clients.registry import SchemaRegistry
from macd.plan.changes import LEFT, Blocked, Change, Delete, Forget, Orphan, Plan
from macd.plan.ledger import Part, names, subjects_of
from macd.specs.models import PipelineSpec


@dataclass(frozen=True)
class Orphans:
    """What exists of the parts that were made and are not declared, and those that are gone already.

    Subjects that ksqlDB registered for an orphaned topic are orphans with it.
    """

    connectors: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    subjects: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    gone: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Those that exist."""
        return (
            *(Part("topic", name) for name in self.topics),
            *(Part("subject", name) for name in self.subjects),
            *(Part("stream", source.name) for source in self.sources),
            *(Part("connector", name) for name in self.connectors),
        )


class Clients(Protocol):
    """The services; each is only asked when there may be an orphan on it."""

    @property
    def kafka(self) -> KafkaAdmin:
        """Topics."""

    @property
    def registry(self) -> SchemaRegistry:
        """Subjects."""

    @property
    def ksqldb(self) -> KsqlDb:
        """Streams."""

    @property
    def connect(self) -> Connect:
        """Connectors."""


def find_orphans(undeclared: Collection[Part], clients: Clients) -> Orphans:
    """Which of the parts that no file declares are still there."""
    of_kind = partial(names, undeclared)
    topics = tuple(clients.kafka.topics(of_kind("topic"))) if of_kind("topic") else ()
    listed = clients.connect.connectors() if of_kind("connector") else ()
    streams = (clients.ksqldb.source(name) for name in of_kind("stream"))
    found = Orphans(
        connectors=tuple(name for name in of_kind("connector") if name in listed),
        sources=tuple(source for source in streams if source is not None),
        subjects=_subjects(of_kind("subject"), topics, clients),
        topics=topics,
    )
    there = set(found.parts)
    return replace(found, gone=tuple(part for part in undeclared if part not in there))


def plan_orphan_connectors(orphans: Orphans, clients: Clients, *, prune: bool) -> Plan:
    """Connectors that no file declares: nobody reads them, so they go first."""
    return Plan.of(
        _removal(f"connector {name}", (), partial(clients.connect.delete, name), prune)
        for name in orphans.connectors
    )


def plan_orphan_data(pipeline: PipelineSpec, orphans: Orphans, clients: Clients, *, prune: bool) -> Plan:
    """Subjects and topics that no file declares, and what is to be forgotten."""
    return Plan.of(
        [
            *_subject_changes(pipeline, orphans, clients, prune),
            *_topic_changes(pipeline, orphans, clients, prune),
            *(
                Forget(f"{part.kind} {part.name}", ("not declared, and not there any more",))
                for part in orphans.gone
            ),
        ]
    )


def _subjects(own: Collection[str], topics: Collection[str], clients: Clients) -> tuple[str, ...]:
    there = clients.registry.subjects() if own or topics else ()
    return tuple(sorted({*own, *subjects_of(topics)}.intersection(there)))


def _removal(resource: str, details: tuple[str, ...], do: Callable[[], object], prune: bool) -> Change:
    return Delete(resource, details, do) if prune else Orphan(resource, (LEFT,))


def _subject_changes(
    pipeline: PipelineSpec, orphans: Orphans, clients: Clients, prune: bool
) -> Iterator[Change]:
    in_use = {statement.topic for statement in pipeline.statements if not statement.has_query}
    in_use.update(topic for connector in pipeline.connectors for topic in connector.topics)
    for name in orphans.subjects:
        resource, topic = f"subject {name}", name.rpartition("-")[0]
        if prune and topic in in_use:
            yield Blocked(
                resource,
                reason=f"it is not declared any more, but include/ still reads the topic {topic}.",
                remedy=f"Put include/schemas/{name}.avsc back, or remove what reads {topic} as well.",
            )
        else:
            yield _removal(resource, ("every version",), partial(clients.registry.delete, name), prune)


def _topic_changes(
    pipeline: PipelineSpec, orphans: Orphans, clients: Clients, prune: bool
) -> Iterator[Change]:
    readers = _strangers(pipeline, orphans, clients) if prune and orphans.topics else {}
    for name in orphans.topics:
        resource = f"topic {name}"
        if name in readers:
            yield Blocked(
                resource,
                reason=f"it is not declared any more, but {', '.join(readers[name])} still reads it.",
                remedy="Remove that first, which apply did not make, or declare the topic again.",
            )
        else:
            delete = partial(clients.kafka.delete, name)
            yield _removal(resource, ("with all its records",), delete, prune)


def _strangers(pipeline: PipelineSpec, orphans: Orphans, clients: Clients) -> dict[str, list[str]]:
    """By orphaned topic: sources and connectors over it that are neither declared nor orphans."""
    ours = {statement.source for statement in pipeline.statements}
    ours |= {source.name for source in orphans.sources}
    found: dict[str, list[str]] = {}
    for name, topic in clients.ksqldb.source_topics().items():
        if topic in orphans.topics and name not in ours:
            found.setdefault(topic, []).append(f"ksqlDB's {name}")
    known = {*orphans.connectors, *(connector.name for connector in pipeline.connectors)}
    for name in set(clients.connect.connectors()) - known:
        config = clients.connect.config(name) or {}
        for topic in {each.strip() for each in config.get("topics", "").split(",")} & set(orphans.topics):
            found.setdefault(topic, []).append(f"connector {name}")
    return found
