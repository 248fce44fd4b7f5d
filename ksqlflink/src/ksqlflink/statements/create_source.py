"""CREATE STREAM and TABLE over a topic: defaults filled in step by step as in ksqlDB, then checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect.statements import CreateSource
from ksqlflink.errors import BadStatement
from ksqlflink.serde.formats import key_schema, value_schema
from ksqlflink.services.registry import key_subject_of, subject_of
from ksqlflink.services.topics import Topic
from ksqlflink.statements.definitions import (
    check_keys,
    check_source,
    check_timestamp,
    source_of,
    with_columns,
)
from ksqlflink.statements.properties import (
    check,
    with_formats,
)
from ksqlflink.statements.sinks import upgrade_problem
from ksqlflink.statements.topic_rules import made, source_topic
from ksqlflink.statements.world import World


def create_source(statement: CreateSource, world: World, properties: Mapping[str, Any]) -> DataSource:
    """Create topic and schemas as far as missing and return the source; it is not in the catalogue yet."""
    statement, topic, is_new = _prepared(statement, world, properties)
    source = source_of(statement)
    _check(source, statement, world)
    with made(topic, is_new, world):
        _register(source, world)
    return source


def ensure_source_topic(statement: CreateSource, world: World, properties: Mapping[str, Any]) -> None:
    """Check and create the topic of a source that is there: ksqlDB looks at IF NOT EXISTS only then."""
    _, topic, is_new = _prepared(statement, world, properties)
    if is_new:
        world.topics.create(topic)


def _prepared(
    statement: CreateSource, world: World, properties: Mapping[str, Any]
) -> tuple[CreateSource, Topic, bool]:
    check(statement)
    check_keys(statement)
    return source_topic(with_columns(with_formats(statement, properties), world.registry.latest), world)


def _register(source: DataSource, world: World) -> None:
    """Register the schemas of declared columns under subjects that have none."""
    value, key = subject_of(source.topic), key_subject_of(source.topic)
    for subject, schema in ((value, value_schema(source)), (key, key_schema(source))):
        if schema is not None and world.registry.latest(subject) is None:
            world.registry.register(subject, schema)


def _check(source: DataSource, statement: CreateSource, world: World) -> None:
    shown = source.statement
    existing = world.catalogue.source(source.name)
    if existing is not None and not (statement.or_replace and existing.kind == source.kind):
        kind = existing.kind.lower()
        raise BadStatement(
            f"Cannot add {source.kind.lower()} '{source.name}': A {kind} with the same name already exists",
            shown,
        )
    check_source(source, statement)
    problem = None if existing is None else upgrade_problem(existing, source)
    if problem is not None:
        raise BadStatement(problem, shown)
    check_timestamp(source, shown)
