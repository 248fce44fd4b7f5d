"""What a CREATE statement defines, judged by itself: needs no server, no topic and no catalogue."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace

from ksqlflink.analysis import RESERVED_COLUMNS, SCHEMA_ERROR, Analysis
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect import format_statement
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import back_quoted
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource, Element
from ksqlflink.errors import BadStatement, Overflow, not_supported
from ksqlflink.serde import avro_schema as avro
from ksqlflink.serde.formats import FORMATS, key_problem, value_problem
from ksqlflink.statements.properties import (
    Create,
    check_formats,
    format_of,
    get,
    value_delimiter,
    value_schema_name,
    window_of,
    wraps_value,
)

_LOG = logging.getLogger(__name__)
_KEYS = {"STREAM": "KEY", "TABLE": "PRIMARY KEY"}
# The latest schema of a subject, None where there is none.
Latest = Callable[[str], str | None]


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


def check_keys(statement: CreateSource) -> None:
    """Refuse PRIMARY KEY in streams and KEY in tables, and columns from record headers."""
    if statement.read_only:
        raise not_supported(f"CREATE SOURCE {statement.kind}", statement.position, statement.text)
    for element in statement.elements:
        if element.header is not None:
            raise not_supported(f"A column of {element.header}", element.position, statement.text)
        if element.key not in (None, _KEYS[statement.kind]):
            raise BadStatement(_wrong_key(statement.kind, element), f"`{element.name}`")


def _wrong_key(kind: str, element: Element) -> str:
    other = "streams" if kind == "STREAM" else "tables"
    return (
        f"{element.position}: Column `{element.name}` is a '{element.key}' column: please use "
        f"'{_KEYS[kind]}' for {other}.\nTables have PRIMARY KEYs, which are unique and NON NULL.\nStreams "
        "have KEYs, which have no uniqueness or NON NULL constraints."
    )


def with_columns(statement: CreateSource, latest: Latest) -> CreateSource:
    """Return the statement with the columns of the registered schemas, where it declares none itself."""
    shown = format_statement(statement)
    key, value = (_format(statement, what) for what in ("KEY", "VALUE"))
    check_formats(key, value, statement, shown)
    keys = [element for element in statement.elements if element.key is not None]
    values = [element for element in statement.elements if element.key is None]
    if not keys and FORMATS[key].registered:
        inferred = _inferred(statement, latest, "key", shown)
        keys = [Element(column.name, column.type, _KEYS[statement.kind]) for column in inferred]
    if not values and FORMATS[value].registered:
        inferred = _inferred(statement, latest, "value", shown)
        values = [Element(column.name, column.type) for column in inferred]
    elements = (*keys, *values)
    return statement if len(elements) == len(statement.elements) else replace(statement, elements=elements)


def _format(statement: CreateSource, what: str) -> str:
    return format_of(statement, what) or ""


def _inferred(statement: CreateSource, latest: Latest, what: str, shown: str) -> tuple[Column, ...]:
    topic = get(statement, "KAFKA_TOPIC") or ""
    registered = latest(f"{topic}-{what}")
    if registered is None:
        raise BadStatement(_no_schema(topic, what), shown)
    try:
        if what == "key":
            return avro.key_columns(registered)
        return avro.columns(registered, wraps_value(statement) is not False)
    except avro.Unreadable as error:
        schema = json.dumps(json.loads(registered), separators=(",", ":"), ensure_ascii=False)
        raise BadStatement(
            f"Unable to verify if the {what} schema for topic: {topic} is compatible with ksqlDB.\nReason: "
            f"{error}\n\nPlease see https://github.com/confluentinc/ksql/issues/ to see if this particular "
            "reason is already known.\nIf not, please log a new issue, including this full error message.\n"
            f"Schema:{schema}",
            shown,
        ) from error
    except avro.Endless as error:
        _LOG.warning("the schema of subject %s-%s cannot be columns: %s", topic, what, error)
        raise Overflow from error


def source_of(statement: CreateSource) -> DataSource:
    """Return the source that a completed statement defines."""
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
        wrap_value=FORMATS[value_format].wraps if wrap is None else wrap,
        value_delimiter=value_delimiter(statement) or ",",
        value_schema_name=value_schema_name(statement),
    )


def _timestamp_column(statement: Create) -> str | None:
    """Return the column that TIMESTAMP names; its text is an identifier, upper-cased unless quoted."""
    text = get(statement, "TIMESTAMP")
    if text is None:
        return None
    return text[1:-1] if text[:1] in ('"', "`") else text.upper()


def check_source(source: DataSource, statement: CreateSource) -> None:
    """Refuse columns that the source cannot have, or that its formats cannot hold."""
    shown = source.statement
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
    problem = problem or value_problem(source.value_format, source.value_columns, wraps_value(statement))
    if problem is not None:
        raise BadStatement(problem, shown)


def check_timestamp(source: DataSource, shown: str, prefix: str = "") -> None:
    """Refuse a TIMESTAMP that no column can be; the prefix is that of a sink."""
    problem = _timestamp_problem(source, quoted=bool(prefix))
    if problem is not None:
        raise BadStatement(prefix + problem, shown)


def _timestamp_problem(source: DataSource, quoted: bool) -> str | None:
    if source.timestamp_column is None:
        return None
    column = source.column(source.timestamp_column)
    if column is None:
        named = f"'{source.timestamp_column}'"
        return f"The TIMESTAMP column set in the WITH clause does not exist in the schema: {named}"
    if source.timestamp_format is not None:
        if column.type == t.STRING:
            return None
        used = "'TIMESTAMP_FORMAT' set in the WITH clause can only be used when"
        return f"{used} the timestamp column is of type STRING."
    if column.type == t.STRING:
        return "A String timestamp field has been specified without also specifying the timestamp_format"
    if column.type in (t.TIMESTAMP, t.BIGINT):
        return None
    name = back_quoted(column.name) if quoted else column.name
    kinds = "LONG(INT64), TIMESTAMP, or a String with a timestamp_format specified"
    return f"Timestamp column, {name}, should be {kinds}."


def sink_source(statement: CreateAsSelect, analysis: Analysis, topic: str, shown: str) -> DataSource:
    """Return the sink of a query; formats are the (left) source's unless WITH says otherwise."""
    first = next(iter(analysis.inputs.values()))
    key_format, value_format = _formats(statement, analysis, first, shown)
    same_value = value_format == first.value_format
    wrap = wraps_value(statement)
    source = DataSource(
        statement.name,
        statement.kind,
        topic,
        key_format,
        value_format,
        analysis.columns,
        shown,
        _timestamp_column(statement),
        timestamp_format=get(statement, "TIMESTAMP_FORMAT"),
        reads=tuple(source.name for source in analysis.inputs.values()),
        window_type=analysis.window_type,
        window_size_ms=analysis.window_size_ms,
        wrap_value=FORMATS[value_format].wraps if wrap is None else wrap,
        value_delimiter=value_delimiter(statement) or (first.value_delimiter if same_value else ","),
        value_schema_name=value_schema_name(statement),
    )
    problem = key_problem(key_format, source.key_columns)
    problem = problem or value_problem(value_format, source.value_columns, wrap)
    if problem is not None:
        raise BadStatement(SCHEMA_ERROR + problem, shown)
    check_timestamp(source, shown, SCHEMA_ERROR)
    return source


def _formats(statement: CreateAsSelect, analysis: Analysis, first: DataSource, shown: str) -> tuple[str, str]:
    asked = format_of(statement, "KEY")
    key = asked or first.key_format
    value = format_of(statement, "VALUE") or first.value_format
    check_formats(key, value, statement, shown)
    has_key = any(column.key for column in analysis.columns)
    if analysis.keyless:
        if asked is not None and key != "NONE":
            raise BadStatement(f"{SCHEMA_ERROR}Key format specified for stream without key columns.", shown)
        return "NONE", value
    # A key that a join or PARTITION BY makes of a source without one has no format to take over.
    return ("KAFKA" if key == "NONE" and asked is None and has_key else key), value


def check_kind(statement: CreateAsSelect, analysis: Analysis, shown: str) -> None:
    """Refuse a table where a stream comes out, and the other way round."""
    if analysis.kind != statement.kind:
        raise BadStatement(
            f"{SCHEMA_ERROR}Invalid result type. Your SELECT query produces a {analysis.kind}. Please use "
            f"CREATE {analysis.kind} AS SELECT statement instead.\nStatement: {shown}",
            shown,
        )
