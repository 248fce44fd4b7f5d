"""Plans what apply made and no file declares any more: shown by default, removed when told to.

Streams are planned with the others (`macd.plan.streams`), because readers have to go before what they read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from macd.clients.connect import Connect
from macd.clients.kafka import KafkaAdmin
from macd.clients.ksqldb import KsqlDb, Source
from macd.clients.registry import SchemaRegistry
from macd.plan.changes import LEFT, Blocked, Change, Delete, Forget, Orphan, Plan, release
from macd.plan.ledger import Part, adopted_of, made_of, names, subjects_of
from macd.specs.models import PipelineSpec


@dataclass(frozen=True)
class Orphans:
    """What exists of the parts that are written down and not declared, and those that are gone already.

    Subjects that ksqlDB registered for a topic that apply made are orphans with it. What was there before
    apply, the `adopted`, is never removed; `sources` are the streams of all of them.
    """

    parts: tuple[Part, ...] = ()
    sources: tuple[Source, ...] = ()
    gone: tuple[Part, ...] = ()

    @property
    def made(self) -> list[Part]:
        """Those that apply made."""
        return made_of(self.parts)

    @property
    def adopted(self) -> list[Part]:
        """Those that were there before."""
        return adopted_of(self.parts)


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
    topics = set(clients.kafka.topics(of_kind("topic"))) if of_kind("topic") else set()
    connectors = clients.connect.connectors() if of_kind("connector") else ()
    sources = [source for name in of_kind("stream") if (source := clients.ksqldb.source(name))]
    subjects = clients.registry.subjects() if of_kind("subject") or topics else ()
    there = {
        *(Part("topic", name) for name in topics),
        *(Part("subject", name) for name in subjects),
        *(Part("stream", source.name) for source in sources),
        *(Part("connector", name) for name in connectors),
    }
    registered = subjects_of(topics.intersection(names(made_of(undeclared), "topic")))
    # What is written down comes first, with its origin: equal parts are one.
    wanted = {*undeclared, *(Part("subject", name) for name in registered)}
    return Orphans(
        parts=tuple(sorted(part for part in wanted if part in there)),
        sources=tuple(sources),
        gone=tuple(part for part in undeclared if part not in there),
    )


def plan_orphan_connectors(orphans: Orphans, clients: Clients, *, prune: bool) -> Plan:
    """Connectors that no file declares: nobody reads them, so they go first."""
    return Plan.of(
        _removal(f"connector {name}", (), partial(clients.connect.delete, name), prune)
        for name in names(orphans.made, "connector")
    )


def plan_orphan_data(pipeline: PipelineSpec, orphans: Orphans, clients: Clients, *, prune: bool) -> Plan:
    """Subjects and topics that no file declares, what was there before, and what is to be forgotten.

    Only streams that were there before are planned with the others.
    """
    stays = [part for part in orphans.adopted if part.kind != "stream"]
    return Plan.of(
        [
            *_subject_changes(pipeline, orphans, clients, prune),
            *_topic_changes(pipeline, orphans, clients, prune),
            *(release(f"{part.kind} {part.name}", prune=prune) for part in stays),
            *(
                Forget(f"{part.kind} {part.name}", ("not declared, and not there any more",))
                for part in orphans.gone
            ),
        ]
    )


def _removal(resource: str, details: tuple[str, ...], do: Callable[[], object], prune: bool) -> Change:
    return Delete(resource, details, do) if prune else Orphan(resource, (LEFT,))


def _subject_changes(
    pipeline: PipelineSpec, orphans: Orphans, clients: Clients, prune: bool
) -> Iterator[Change]:
    in_use = {statement.topic for statement in pipeline.statements if not statement.has_query}
    in_use.update(topic for connector in pipeline.connectors for topic in connector.topics)
    for name in names(orphans.made, "subject"):
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
    topics = names(orphans.made, "topic")
    readers = _strangers(pipeline, orphans, clients) if prune and topics else {}
    for name in topics:
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
    """By orphaned topic: sources and connectors over it that are neither declared nor made by apply."""
    ours = {statement.source for statement in pipeline.statements}
    ours |= set(names(orphans.made, "stream"))
    topics = set(names(orphans.made, "topic"))
    found: dict[str, list[str]] = {}
    for name, topic in clients.ksqldb.source_topics().items():
        if topic in topics and name not in ours:
            found.setdefault(topic, []).append(f"ksqlDB's {name}")
    known = {*names(orphans.made, "connector"), *(connector.name for connector in pipeline.connectors)}
    for name in set(clients.connect.connectors()) - known:
        config = clients.connect.config(name) or {}
        for topic in {each.strip() for each in config.get("topics", "").split(",")} & topics:
            found.setdefault(topic, []).append(f"connector {name}")
    return found
