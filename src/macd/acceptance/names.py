"""Whose names there are on a target: what the kit would meet, and what it has left behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from macd.clients.groups import ConsumerGroups
from macd.clients.mongodb import connected
from macd.pipeline import Pipeline
from macd.plan.documents import existing_collections
from macd.producer.route import route_of
from macd.repair.replay import group_of


class Names(NamedTuple):
    """What exists on the services, whoever made it."""

    topics: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @classmethod
    def look(cls, pipeline: Pipeline) -> Names:
        """As it is now."""
        return cls(
            frozenset(pipeline.kafka.names()),
            frozenset(pipeline.registry.subjects()),
            frozenset(ConsumerGroups(pipeline.services.kafka).names()),
        )


def taken(pipeline: Pipeline) -> list[str]:
    """What the target holds under the pipeline's names: all that `destroy` would remove, and documents."""
    found = [change.resource for change in pipeline.plan_removal().pending]
    return [*found, *_collections(pipeline)]


def left_behind(pipeline: Pipeline, before: Names, marks: Iterable[str]) -> list[str]:
    """What is there under the pipeline's names, and what the services made for it since `before`.

    That is known by `marks`, such as the id of a query: its internal topics and subjects contain it.
    """
    now = Names.look(pipeline)
    made = [
        *(f"topic {name}" for name in _marked(now.topics - before.topics, marks)),
        *(f"subject {name}" for name in _marked(now.subjects - before.subjects, marks)),
    ]
    return list(dict.fromkeys([*taken(pipeline), *made]))


def own_groups(pipeline: Pipeline, before: Names, marks: Iterable[str]) -> list[str]:
    """The consumer groups that came into being with the pipeline."""
    return _marked(Names.look(pipeline).groups - before.groups, marks)


def marks_of(pipeline: Pipeline) -> set[str]:
    """By what the names of internal topics, subjects and groups of a deployed pipeline are known."""
    return queries_of(pipeline) | readers_of(pipeline)


def queries_of(pipeline: Pipeline) -> set[str]:
    """The ids of the queries that run, of a pipeline that may be deployed in part only."""
    sources = (pipeline.ksqldb.source(statement.source) for statement in pipeline.spec.statements)
    return {query.query_id for source in sources if source for query in source.writers}


def readers_of(pipeline: Pipeline) -> set[str]:
    """The consumer groups of the sinks and of the replays of dead letters."""
    groups = {pipeline.connect.consumer_group(sink.name) for sink in pipeline.spec.connectors}
    return {group_of(route_of(pipeline.spec))} | {group for group in groups if group}


def _marked(names: Iterable[str], marks: Iterable[str]) -> list[str]:
    return sorted(name for name in names if any(_is_marked(name, mark) for mark in marks))


def _is_marked(name: str, mark: str) -> bool:
    """As a whole word: the query CSAS_X_1 is not CSAS_X_12."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(mark)}(?![A-Za-z0-9])", name) is not None


def _collections(pipeline: Pipeline) -> Iterator[str]:
    """An empty one is nobody's loss."""
    with connected(pipeline.services.mongodb) as database:
        for where, name in existing_collections(pipeline.spec, database):
            count = database.client[where][name].estimated_document_count()
            if count:
                yield f"collection {where}.{name} ({count:,} documents)"
