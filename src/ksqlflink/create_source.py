"""CREATE STREAM over a topic: defaults filled in step by step as in ksqlDB, then checked and carried out."""

from __future__ import annotations

from dataclasses import replace

from ksqlflink import avro
from ksqlflink import sqltypes as t
from ksqlflink.dialect import format_statement
from ksqlflink.dialect.formatter import sql_type
from ksqlflink.dialect.statements import CreateSource, Element
from ksqlflink.errors import BadRequest, BadStatement
from ksqlflink.kafka import Topic
from ksqlflink.model import Column, DataSource
from ksqlflink.properties import check, check_formats, get, not_supported, with_, with_formats
from ksqlflink.scope import is_reserved_column
from ksqlflink.world import World

_KEY_TYPES = (t.INTEGER, t.BIGINT, t.DOUBLE, t.STRING)
_EXAMPLE_PARTITIONS = 2


def subject_of(topic: str) -> str:
    """Return the subject of a topic's values."""
    return f"{topic}-value"


def _no_schema(topic: str) -> str:
    docs = "https://docs.confluent.io/current/schema-registry/docs"
    return (
        f"Schema for message values on topic '{topic}' does not exist in the Schema Registry.\n"
        f"Subject: {subject_of(topic)}\nPossible causes include:\n- The topic itself does not exist\n"
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
    """Create topic and schema as far as missing and return the source; it is not in the catalogue yet."""
    check(statement)
    _refuse_unsupported(statement)
    statement = _with_columns(with_formats(statement), world)
    statement, missing = _with_topic(statement, world)
    source = _source(statement)
    _check(source, statement, world)
    if missing is not None:
        world.topics.create(missing)
    values = [column for column in source.columns if not column.key]
    if source.value_format == "AVRO" and values and world.registry.latest(subject_of(source.topic)) is None:
        world.registry.register(subject_of(source.topic), avro.value_schema(values))
    return source


def _refuse_unsupported(statement: CreateSource) -> None:
    if statement.kind == "TABLE":
        raise not_supported("CREATE TABLE", statement.position, statement.text)
    if statement.read_only:
        raise not_supported("CREATE SOURCE STREAM", statement.position, statement.text)
    for element in statement.elements:
        if element.key == "PRIMARY KEY":
            raise BadStatement(
                f"{element.position}: Column `{element.name}` is a 'PRIMARY KEY' column: please use "
                "'KEY' for "
                "streams.\nTables have PRIMARY KEYs, which are unique and NON NULL.\nStreams have "
                "KEYs, which have "
                "no uniqueness or NON NULL constraints.",
                f"`{element.name}`",
            )


def _with_columns(statement: CreateSource, world: World) -> CreateSource:
    """Return the statement with the value columns of the registered schema, when it declares none itself."""
    shown = format_statement(statement)
    check_formats(get(statement, "KEY_FORMAT") or "", get(statement, "VALUE_FORMAT") or "", statement, shown)
    declares_values = any(element.key is None for element in statement.elements)
    if declares_values or (get(statement, "VALUE_FORMAT") or "").upper() != "AVRO":
        return statement
    topic = get(statement, "KAFKA_TOPIC") or ""
    registered = world.registry.latest(subject_of(topic))
    if registered is None:
        raise BadStatement(_no_schema(topic), shown)
    try:
        inferred = avro.columns(registered)
    except avro.UnsupportedSchema as error:
        raise BadStatement(
            f"The schema of subject '{subject_of(topic)}' has {error}, which ksqlflink cannot read", shown
        ) from error
    return replace(statement, elements=(*statement.elements, *(Element(c.name, c.type) for c in inferred)))


def _with_topic(statement: CreateSource, world: World) -> tuple[CreateSource, Topic | None]:
    """Return the statement with what it says of its topic, and the topic to create if it is missing."""
    name = get(statement, "KAFKA_TOPIC") or ""
    missing = None
    if world.topics.find(name) is None:
        partitions = get(statement, "PARTITIONS")
        if partitions is None:
            raise BadRequest(_no_topic(statement, name))
        retention = int(get(statement, "RETENTION_MS") or -1)
        missing = Topic(name, int(partitions), int(get(statement, "REPLICAS") or 1), retention)
    if get(statement, "CLEANUP_POLICY") is None:
        statement = with_(statement, CLEANUP_POLICY="delete")
    return statement, missing


def _no_topic(statement: CreateSource, name: str) -> str:
    example = format_statement(with_(statement, PARTITIONS=_EXAMPLE_PARTITIONS))
    return (
        f"Topic '{name}' does not exist. If you want to create a new topic for the stream/table please "
        "re-run the "
        "statement providing the required 'PARTITIONS' configuration in the WITH clause (and "
        "optionally 'REPLICAS'). "
        f"For example: {example}"
    )


def _source(statement: CreateSource) -> DataSource:
    columns = tuple(Column(item.name, item.type, item.key is not None) for item in statement.elements)
    return DataSource(
        statement.name,
        statement.kind,
        get(statement, "KAFKA_TOPIC") or "",
        (get(statement, "KEY_FORMAT") or "").upper(),
        (get(statement, "VALUE_FORMAT") or "").upper(),
        columns,
        format_statement(statement),
        _timestamp_column(statement),
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
    if existing is not None:
        kind = existing.kind.lower()
        raise BadStatement(
            f"Cannot add {source.kind.lower()} '{source.name}': A {kind} with the same name already exists",
            shown,
        )
    if not source.columns:
        raise BadStatement("No columns supplied.", shown)
    for column in source.columns:
        if is_reserved_column(column.name):
            raise BadStatement(
                f"'{column.name}' is a reserved column name. You cannot use it as a name for a column.", shown
            )
    _check_key(source, shown)
    _check_timestamp(source, statement, shown)


def _check_key(source: DataSource, shown: str) -> None:
    keys = [column for column in source.columns if column.key]
    if len(keys) > 1:
        names = ", ".join(f"`{column.name}`" for column in keys)
        raise BadStatement(f"The 'KAFKA' format only supports a single field. Got: [{names}]", shown)
    for column in keys:
        if column.type not in _KEY_TYPES:
            raise BadStatement(
                "Key format does not support schema.\nformat: KAFKA\nreason: The 'KAFKA' format does "
                "not support type "
                f"'{sql_type(column.type).split('<')[0].split('(')[0]}'\ncolumn: `{column.name}`",
                shown,
            )


def _check_timestamp(source: DataSource, statement: CreateSource, shown: str) -> None:
    if source.timestamp_column is None:
        return
    column = source.column(source.timestamp_column)
    if column is None:
        raise BadStatement(
            "The TIMESTAMP column set in the WITH clause does not exist in the schema: "
            f"'{source.timestamp_column}'",
            shown,
        )
    if column.type not in (t.TIMESTAMP, t.BIGINT):
        position = dict(statement.properties)["TIMESTAMP"].position
        raise not_supported(
            f"A TIMESTAMP column of another type than TIMESTAMP or BIGINT ({column.name})", position, shown
        )
