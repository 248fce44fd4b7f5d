"""CREATE STREAM and TABLE over a topic: defaults filled in step by step as in ksqlDB, then checked."""

from __future__ import annotations

from ksqlflink import avro
from ksqlflink.definitions import check_keys, check_source, check_timestamp, source_of, with_columns
from ksqlflink.dialect import format_statement
from ksqlflink.dialect.statements import CreateSource
from ksqlflink.errors import BadRequest, BadStatement
from ksqlflink.kafka import Topic
from ksqlflink.model import DataSource
from ksqlflink.properties import (
    check,
    get,
    with_,
    with_formats,
)
from ksqlflink.sinks import check_shape, upgrade_problem
from ksqlflink.world import World

_EXAMPLE_PARTITIONS = 2


def subject_of(topic: str) -> str:
    """Return the subject of a topic's values."""
    return f"{topic}-value"


def key_subject_of(topic: str) -> str:
    """Return the subject of a topic's keys."""
    return f"{topic}-key"


def create_source(statement: CreateSource, world: World) -> DataSource:
    """Create topic and schemas as far as missing and return the source; it is not in the catalogue yet."""
    check(statement)
    check_keys(statement)
    statement = with_columns(with_formats(statement), world.registry.latest)
    statement, missing = _with_topic(statement, world)
    source = source_of(statement)
    _check(source, statement, world)
    if missing is not None:
        world.topics.create(missing)
    _register(source, world)
    return source


def _register(source: DataSource, world: World) -> None:
    """Register the schemas of declared columns under subjects that have none."""
    key, value = key_subject_of(source.topic), subject_of(source.topic)
    if source.key_format == "AVRO" and source.key_columns and world.registry.latest(key) is None:
        world.registry.register(key, avro.key_schema(source.key_columns, source.name))
    if source.value_format == "AVRO" and source.value_columns and world.registry.latest(value) is None:
        schema = avro.value_schema(source.value_columns, source.value_schema_name, source.wrap_value)
        world.registry.register(value, schema)


def _with_topic(statement: CreateSource, world: World) -> tuple[CreateSource, Topic | None]:
    """Return the statement with what it says of its topic, and the topic to create if it is missing."""
    name = get(statement, "KAFKA_TOPIC") or ""
    policy = get(statement, "CLEANUP_POLICY") or _cleanup_policy(statement)
    existing, partitions = world.topics.find(name), get(statement, "PARTITIONS")
    if existing is None and partitions is None:
        raise BadRequest(_no_topic(statement, name))
    missing = None
    if partitions is not None:
        retention = int(get(statement, "RETENTION_MS") or -1)
        wanted = Topic(name, int(partitions), int(get(statement, "REPLICAS") or 1), retention, policy)
        if existing is None:
            missing = wanted
        else:
            check_shape(existing, wanted)
    if get(statement, "CLEANUP_POLICY") is None:
        statement = with_(statement, CLEANUP_POLICY=policy)
    return statement, missing


def _cleanup_policy(statement: CreateSource) -> str:
    if statement.kind == "STREAM":
        return "delete"
    return "compact" if get(statement, "WINDOW_TYPE") is None else "compact,delete"


def _no_topic(statement: CreateSource, name: str) -> str:
    example = format_statement(with_(statement, PARTITIONS=_EXAMPLE_PARTITIONS))
    return (
        f"Topic '{name}' does not exist. If you want to create a new topic for the stream/table please "
        "re-run the statement providing the required 'PARTITIONS' configuration in the WITH clause (and "
        f"optionally 'REPLICAS'). For example: {example}"
    )


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
