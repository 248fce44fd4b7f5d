"""CREATE STREAM and TABLE over a topic: defaults filled in step by step as in ksqlDB, then checked."""

from __future__ import annotations

from dataclasses import replace

from ksqlflink import avro
from ksqlflink import sqltypes as t
from ksqlflink.analysis import RESERVED_COLUMNS
from ksqlflink.dialect import format_statement
from ksqlflink.dialect.statements import CreateSource, Element
from ksqlflink.errors import BadStatement
from ksqlflink.formats import key_problem, value_problem
from ksqlflink.kafka import Topic
from ksqlflink.model import Column, DataSource
from ksqlflink.properties import (
    check,
    check_formats,
    format_of,
    get,
    not_supported,
    value_delimiter,
    value_schema_name,
    window_of,
    with_formats,
    wraps_value,
)
from ksqlflink.sinks import upgrade_problem
from ksqlflink.topic_rules import source_topic
from ksqlflink.world import World

_KEYS = {"STREAM": "KEY", "TABLE": "PRIMARY KEY"}


def subject_of(topic: str) -> str:
    """Return the subject of a topic's values."""
    return f"{topic}-value"


def key_subject_of(topic: str) -> str:
    """Return the subject of a topic's keys."""
    return f"{topic}-key"


def _no_schema(topic: str, what: str) -> str:
    docs = "https://docs.confluent.io/current/schema-registry/docs"
    return (
        f"Schema for message {what}s on topic '{topic}' does not exist in the Schema Registry.\n"
        f"Subject: {topic}-{what}\nPossible causes include:\n- The topic itself does not exist\n"
        "\t-> Use SHOW TOPICS; to check\n"
        "- Messages on the topic are not serialized using a format Schema Registry supports\n"
        f"\t-> Use PRINT '{topic}' FROM BEGINNING; to verify\n"
        "- Messages on the topic have not been serialized using a Confluent Schema Registry supported "
        "serializer\n"
        f"\t-> See {docs}/serializer-formatter.html\n"
        "- The schema is registered on a different instance of the Schema Registry\n"
        f"\t-> Use the REST API to list available subjects\t{docs}/api.html#get--subjects\n"
        "- You do not have permissions to access the Schema Registry.\n"
        f"\t-> See {docs}/security.html"
    )


def create_source(statement: CreateSource, world: World) -> DataSource:
    """Create topic and schemas as far as missing and return the source; it is not in the catalogue yet."""
    statement, topic, is_new = _prepared(statement, world)
    source = _source(statement)
    _check(source, statement, world)
    if is_new:
        world.topics.create(topic)
    _register(source, world)
    return source


def ensure_source_topic(statement: CreateSource, world: World) -> None:
    """Check and create the topic of a source that is there: ksqlDB looks at IF NOT EXISTS only then."""
    _, topic, is_new = _prepared(statement, world)
    if is_new:
        world.topics.create(topic)


def _prepared(statement: CreateSource, world: World) -> tuple[CreateSource, Topic, bool]:
    check(statement)
    _check_keys(statement)
    return source_topic(_with_columns(with_formats(statement), world), world)


def _register(source: DataSource, world: World) -> None:
    """Register the schemas of declared columns under subjects that have none."""
    key, value = key_subject_of(source.topic), subject_of(source.topic)
    if source.key_format == "AVRO" and source.key_columns and world.registry.latest(key) is None:
        world.registry.register(key, avro.key_schema(source.key_columns, source.name))
    if source.value_format == "AVRO" and source.value_columns and world.registry.latest(value) is None:
        schema = avro.value_schema(source.value_columns, source.value_schema_name, source.wrap_value)
        world.registry.register(value, schema)


def _check_keys(statement: CreateSource) -> None:
    if statement.read_only:
        raise not_supported(f"CREATE SOURCE {statement.kind}", statement.position, statement.text)
    for element in statement.elements:
        if element.key not in (None, _KEYS[statement.kind]):
            raise BadStatement(_wrong_key(statement.kind, element), f"`{element.name}`")


def _wrong_key(kind: str, element: Element) -> str:
    other = "streams" if kind == "STREAM" else "tables"
    return (
        f"{element.position}: Column `{element.name}` is a '{element.key}' column: please use "
        f"'{_KEYS[kind]}' for {other}.\nTables have PRIMARY KEYs, which are unique and NON NULL.\nStreams "
        "have KEYs, which have no uniqueness or NON NULL constraints."
    )


def _with_columns(statement: CreateSource, world: World) -> CreateSource:
    """Return the statement with the columns of the registered schemas, where it declares none itself."""
    shown = format_statement(statement)
    key, value = (_format(statement, what) for what in ("KEY", "VALUE"))
    check_formats(key, value, statement, shown)
    keys = [element for element in statement.elements if element.key is not None]
    values = [element for element in statement.elements if element.key is None]
    if not keys and key == "AVRO":
        inferred = _inferred(statement, world, "key", shown)
        keys = [Element(column.name, column.type, _KEYS[statement.kind]) for column in inferred]
    if not values and value == "AVRO":
        inferred = _inferred(statement, world, "value", shown)
        values = [Element(column.name, column.type) for column in inferred]
    elements = (*keys, *values)
    return statement if len(elements) == len(statement.elements) else replace(statement, elements=elements)


def _format(statement: CreateSource, what: str) -> str:
    return format_of(statement, what) or ""


def _inferred(statement: CreateSource, world: World, what: str, shown: str) -> tuple[Column, ...]:
    topic = get(statement, "KAFKA_TOPIC") or ""
    registered = world.registry.latest(f"{topic}-{what}")
    if registered is None:
        raise BadStatement(_no_schema(topic, what), shown)
    try:
        if what == "key":
            return avro.key_columns(registered)
        return avro.columns(registered, wraps_value(statement) is not False)
    except avro.UnsupportedSchema as error:
        raise BadStatement(
            f"The schema of subject '{topic}-{what}' has {error}, which ksqlflink cannot read", shown
        ) from error


def _source(statement: CreateSource) -> DataSource:
    columns = tuple(Column(item.name, item.type, item.key is not None) for item in statement.elements)
    value_format = _format(statement, "VALUE")
    wrap = wraps_value(statement)
    window_type, size = window_of(statement)
    return DataSource(
        statement.name,
        statement.kind,
        get(statement, "KAFKA_TOPIC") or "",
        _format(statement, "KEY"),
        value_format,
        columns,
        format_statement(statement),
        _timestamp_column(statement),
        timestamp_format=get(statement, "TIMESTAMP_FORMAT"),
        window_type=window_type,
        window_size_ms=size,
        wrap_value=value_format != "KAFKA" if wrap is None else wrap,
        value_delimiter=value_delimiter(statement) or ",",
        value_schema_name=value_schema_name(statement),
    )


def _timestamp_column(statement: CreateSource) -> str | None:
    """Return the column that TIMESTAMP names; its text is an identifier, upper-cased unless quoted."""
    text = get(statement, "TIMESTAMP")
    if text is None:
        return None
    return text[1:-1] if text[:1] in ('"', "`") else text.upper()


def _check(source: DataSource, statement: CreateSource, world: World) -> None:
    shown = source.statement
    existing = world.catalogue.source(source.name)
    if existing is not None and not (statement.or_replace and existing.kind == source.kind):
        kind = existing.kind.lower()
        raise BadStatement(
            f"Cannot add {source.kind.lower()} '{source.name}': A {kind} with the same name already exists",
            shown,
        )
    if not source.columns:
        raise BadStatement("No columns supplied.", shown)
    for column in source.columns:
        if column.name in RESERVED_COLUMNS:
            raise BadStatement(
                f"'{column.name}' is a reserved column name. You cannot use it as a name for a column.", shown
            )
    if source.kind == "TABLE" and not source.key_columns:
        raise BadStatement("Tables require a PRIMARY KEY. Please define the PRIMARY KEY.", shown)
    problem = key_problem(source.key_format, source.key_columns)
    wrap = wraps_value(statement)
    problem = problem or value_problem(source.value_format, source.value_columns, wrap)
    if existing is not None:
        problem = problem or upgrade_problem(existing, source)
    if problem is not None:
        raise BadStatement(problem, shown)
    _check_timestamp(source, shown)


def _check_timestamp(source: DataSource, shown: str) -> None:
    if source.timestamp_column is None:
        return
    column = source.column(source.timestamp_column)
    if column is None:
        raise BadStatement(
            "The TIMESTAMP column set in the WITH clause does not exist in the schema: "
            f"'{source.timestamp_column}'",
            shown,
        )
    if source.timestamp_format is not None:
        if column.type != t.STRING:
            raise BadStatement(
                "'TIMESTAMP_FORMAT' set in the WITH clause can only be used when the timestamp column is of "
                "type STRING.",
                shown,
            )
    elif column.type == t.STRING:
        raise BadStatement(
            "A String timestamp field has been specified without also specifying the timestamp_format",
            shown,
        )
    elif column.type not in (t.TIMESTAMP, t.BIGINT):
        raise BadStatement(
            f"Timestamp column, {column.name}, should be LONG(INT64), TIMESTAMP, or a String with a "
            "timestamp_format specified.",
            shown,
        )
