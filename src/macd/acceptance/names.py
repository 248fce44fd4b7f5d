"""Whose names there are on a target: what the kit would meet, and what it has left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from macd.clients.groups import ConsumerGroups
from macd.clients.mongodb import connected
from macd.pipeline import Pipeline
from macd.plan.documents import existing_collections
from macd.specs.models import PipelineSpec


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


def left_behind(pipeline: Pipeline, before: Names) -> list[str]:
    """What is there under the pipeline's names, and what the services made for it since `before`."""
    now = Names.look(pipeline)
    own = own_names(pipeline.spec)
    made = [
        *(f"topic {name}" for name in _of_ours(now.topics - before.topics, own)),
        *(f"subject {name}" for name in _of_ours(now.subjects - before.subjects, own)),
    ]
    return list(dict.fromkeys([*taken(pipeline), *made]))


def own_names(pipeline: PipelineSpec) -> frozenset[str]:
    """What the names of internal topics, subjects and groups contain when they belong to the pipeline."""
    named = (
        *(topic.name for topic in pipeline.topics),
        *(statement.source for statement in pipeline.statements),
        *(connector.name for connector in pipeline.connectors),
    )
    return frozenset(name.lower() for name in named)


def own_groups(pipeline: Pipeline, before: Names, used: Iterable[str]) -> list[str]:
    """The consumer groups that came into being with the pipeline."""
    new = Names.look(pipeline).groups - before.groups
    return sorted({*_of_ours(new, own_names(pipeline.spec)), *new.intersection(used)})


def _of_ours(names: Iterable[str], own: frozenset[str]) -> list[str]:
    return sorted(name for name in names if any(each in name.lower() for each in own))


def _collections(pipeline: Pipeline) -> Iterator[str]:
    """An empty one is nobody's loss."""
    with connected(pipeline.services.mongodb) as database:
        for where, name in existing_collections(pipeline.spec, database):
            count = database.client[where][name].estimated_document_count()
            if count:
                yield f"collection {where}.{name} ({count:,} documents)"
