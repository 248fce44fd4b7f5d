"""The WITH clause and streamsProperties: what may be said in them, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ksqlflink.dialect import ast
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource
from ksqlflink.errors import BadRequest, BadStatement, ServerProblem, not_supported
from ksqlflink.serde.formats import ELSEWHERE, FORMATS

_SUPPORTED_CREATE = {
    "KAFKA_TOPIC", "KEY_FORMAT", "VALUE_FORMAT", "FORMAT", "PARTITIONS", "REPLICAS", "RETENTION_MS",
    "CLEANUP_POLICY", "TIMESTAMP", "TIMESTAMP_FORMAT", "WINDOW_TYPE", "WINDOW_SIZE", "VALUE_DELIMITER",
    "WRAP_SINGLE_VALUE", "VALUE_AVRO_SCHEMA_FULL_NAME", "VALUE_SCHEMA_FULL_NAME",
}  # fmt: skip
_SUPPORTED_AS_SELECT = _SUPPORTED_CREATE - {"WINDOW_TYPE", "WINDOW_SIZE"}
_KNOWN = _SUPPORTED_CREATE | {
    "KEY_DELIMITER", "VALUE_DELIMITER", "KEY_SCHEMA_FULL_NAME", "VALUE_SCHEMA_FULL_NAME",
    "VALUE_AVRO_SCHEMA_FULL_NAME", "KEY_SCHEMA_ID", "VALUE_SCHEMA_ID", "KEY_PROTOBUF_NULLABLE_REPRESENTATION",
    "VALUE_PROTOBUF_NULLABLE_REPRESENTATION", "TIMESTAMP_FORMAT", "WRAP_SINGLE_VALUE", "WINDOW_TYPE",
    "WINDOW_SIZE", "SOURCED_BY_CONNECTOR",
}  # fmt: skip
_NUMBERS = {
    "PARTITIONS": ("INT", "32-bit integer"),
    "REPLICAS": ("SHORT", "16-bit integer (short)"),
    "RETENTION_MS": ("LONG", "64-bit integer (i.e. long)"),
}
_JAVA = {
    "INTEGER": "java.lang.Integer",
    "DECIMAL": "java.math.BigDecimal",
    "DOUBLE": "java.lang.Double",
    "BOOLEAN": "java.lang.Boolean",
}
_PATTERN_LETTERS = "GyuQqMLdDFgEceahHkKmsSAnNBVvzOXxZwWYp"
_DEFAULT_FORMAT = "ksql.persistence.default.format."
_COLLECTED = {f"ksql.functions.{name.lower()}.limit": name for name in ("COLLECT_LIST", "COLLECT_SET")}
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")

Create = CreateSource | CreateAsSelect

OFFSET_RESET = "auto.offset.reset"
OFFSETS = ("latest", "earliest", "none")
_DELIMITERS = {"TAB": "\t", "SPACE": " ", "PIPE": "|"}
_CLIENT_PROPERTIES = frozenset({
    OFFSET_RESET, "cache.max.bytes.buffering", "statestore.cache.max.bytes", "commit.interval.ms",
    "num.stream.threads", "processing.guarantee", "max.task.idle.ms", "max.poll.records", "fetch.min.bytes",
    "linger.ms", "acks", "compression.type", "batch.size", "isolation.level",
})  # fmt: skip


def get(statement: Create, name: str) -> str | None:
    """Return a WITH property's value as text."""
    return next((value.text for key, value in statement.properties if key == name), None)


def number(statement: Create, name: str) -> int | None:
    """Return a WITH property's value as a number."""
    text = get(statement, name)
    return None if text is None else int(text)


def with_(statement: Any, **values: str | int) -> Any:
    """Return the statement with these WITH properties set: text as a string, a number as an integer."""
    added = {
        name: ast.Literal("INTEGER" if isinstance(value, int) else "STRING", str(value))
        for name, value in values.items()
    }
    return replace(statement, properties=tuple(sorted({**dict(statement.properties), **added}.items())))


def check(statement: Create) -> None:
    """Refuse unknown, unsupported and malformed WITH properties."""
    unknown = [name for name, _ in statement.properties if name not in _KNOWN]
    if unknown:
        _unprepared(f"Invalid config variable(s) in the WITH clause: {','.join(sorted(unknown))}", statement)
    is_source = isinstance(statement, CreateSource)
    if is_source and get(statement, "KAFKA_TOPIC") is None:
        _unprepared('Missing required property "KAFKA_TOPIC" which has no default value.', statement)
    supported = _SUPPORTED_CREATE if is_source else _SUPPORTED_AS_SELECT
    for name, value in statement.properties:
        if name not in supported:
            raise not_supported(f"The WITH property {name}", value.position, statement.text)
        problem = _problem(name, value)
        if problem is not None:
            _unprepared(f"Invalid value {value.text} for property {name}: {problem}", statement)
        if name == "TIMESTAMP_FORMAT":
            _check_pattern(value.text, statement)


def _problem(name: str, value: ast.Literal) -> str | None:
    """Return why a value is not of its property's type; numbers and booleans may be given as text."""
    java = _JAVA.get(value.kind)
    if name in _NUMBERS:
        kind, wanted = _NUMBERS[name]
        if value.kind == "INTEGER" or (value.kind == "STRING" and _WHOLE_NUMBER.fullmatch(value.text)):
            return None
        return (
            f"Expected value to be a {wanted}, but it was a {java}"
            if java
            else f"Not a number of type {kind}"
        )
    if name == "WRAP_SINGLE_VALUE":
        known = value.text.strip().lower() in ("true", "false")
        return None if known else "Expected value to be either true or false"
    return f"Expected value to be a string, but it was a {java}" if java else None


def _check_pattern(pattern: str, statement: Create) -> None:
    """Refuse what java.time knows no field for; text stands in quotes."""
    unquoted = "".join(pattern.split("'")[::2])
    unknown = next((c for c in unquoted if c.isascii() and c.isalpha() and c not in _PATTERN_LETTERS), None)
    if unknown is not None:
        _unprepared(
            f"Invalid datetime format for config:TIMESTAMP_FORMAT, reason:Unknown pattern letter: {unknown}",
            statement,
        )


def _unprepared(message: str, statement: Create) -> None:
    raise BadStatement(f"Failed to prepare statement: {message}", statement.text)


def check_both_formats(statement: Create) -> None:
    """Refuse FORMAT beside KEY_FORMAT or VALUE_FORMAT."""
    for name in ("KEY_FORMAT", "VALUE_FORMAT"):
        if get(statement, "FORMAT") is not None and get(statement, name) is not None:
            _unprepared(
                f"Cannot supply both '{name}' and 'FORMAT' properties, as 'FORMAT' sets both key and value "
                "formats. Either use just 'FORMAT', or use 'KEY_FORMAT' and 'VALUE_FORMAT'.",
                statement,
            )


def value_delimiter(statement: Create) -> str | None:
    """Return the delimiter a statement asks for; TAB, SPACE and PIPE have names."""
    text = get(statement, "VALUE_DELIMITER")
    return None if text is None else _DELIMITERS.get(text.upper(), text)


def value_schema_name(statement: Create) -> str | None:
    """Return the full name a statement wants for the record of its values."""
    return get(statement, "VALUE_SCHEMA_FULL_NAME") or get(statement, "VALUE_AVRO_SCHEMA_FULL_NAME")


def wraps_value(statement: Create) -> bool | None:
    """Return what WRAP_SINGLE_VALUE says, None if it is not there."""
    text = get(statement, "WRAP_SINGLE_VALUE")
    return None if text is None else text.strip().upper() == "TRUE"


def format_of(statement: Create, what: str) -> str | None:
    """Return the KEY or VALUE format a statement asks for, by FORMAT or for itself."""
    name = get(statement, "FORMAT") or get(statement, f"{what}_FORMAT")
    return None if name is None else name.upper()


def with_formats(statement: CreateSource, properties: Mapping[str, Any] | None = None) -> CreateSource:
    """Return the statement with both formats spelled out; the properties may say what is the default."""
    check_both_formats(statement)
    given = properties or {}
    value = format_of(statement, "VALUE") or given.get(f"{_DEFAULT_FORMAT}value")
    if value is None:
        raise BadStatement(
            "Statement is missing the 'VALUE_FORMAT' property from the WITH clause. Either provide one "
            "or set a default via the 'ksql.persistence.default.format.value' config.",
            statement.text,
        )
    if get(statement, "FORMAT") is not None:
        return statement
    key = format_of(statement, "KEY") or given.get(f"{_DEFAULT_FORMAT}key", "KAFKA")
    missing = {"KEY_FORMAT": str(key), "VALUE_FORMAT": str(value)}
    missing = {name: text for name, text in missing.items() if get(statement, name) is None}
    completed: CreateSource = with_(statement, **missing)
    return completed


def check_formats(key: str, value: str, statement: Create, shown: str) -> None:
    """Refuse formats: unknown ones in ksqlDB's words, known ones that are not supported by name."""
    for name in (key, value):
        if name.upper() not in (*FORMATS, *ELSEWHERE):
            raise BadStatement(f"Unknown format: {name.upper()}", shown)
    for what, name in (("KEY_FORMAT", key), ("VALUE_FORMAT", value)):
        known = FORMATS.get(name.upper())
        if known is None or (what == "VALUE_FORMAT" and not known.values):
            position = dict(statement.properties).get(what, ast.Literal("STRING", name)).position
            raise not_supported(f"{what} {name.upper()}", position, shown)


def window_of(statement: CreateSource) -> tuple[str | None, int | None]:
    """Return type and size of a windowed key, as WINDOW_TYPE and WINDOW_SIZE tell them."""
    kind, size = get(statement, "WINDOW_TYPE"), get(statement, "WINDOW_SIZE")
    unprepared = "Failed to prepare statement: "
    if kind is None:
        return None, None
    if kind.upper() not in ("TUMBLING", "HOPPING", "SESSION"):
        raise BadStatement(
            f"{unprepared}Invalid value {kind} for property WINDOW_TYPE: String must be one of: SESSION, "
            "HOPPING, TUMBLING, null",
            statement.text,
        )
    if kind.upper() == "SESSION":
        if size is not None:
            raise BadStatement(
                f"{unprepared}'WINDOW_SIZE' should not be set for SESSION windows.", statement.text
            )
        return "SESSION", None
    if size is None:
        raise BadStatement(
            f"{unprepared}{kind.upper()} windows require 'WINDOW_SIZE' to be provided in the WITH clause. "
            "For example: 'WINDOW_SIZE'='10 SECONDS'",
            statement.text,
        )
    return kind.upper(), _milliseconds(size, statement)


def _milliseconds(size: str, statement: CreateSource) -> int:
    """Return the length that a text such as 10 SECONDS writes."""
    amount, _, unit = size.strip().partition(" ")
    plural = unit.strip().upper().removesuffix("S") + "S"
    try:
        return ast.Duration(int(amount), plural).milliseconds
    except (ValueError, KeyError):
        raise BadStatement(
            "Failed to prepare statement: Configuration WINDOW_SIZE is invalid: Invalid duration: "
            f"'{size}'. Expected format: <number> <unit>, e.g. '10 SECONDS'",
            statement.text,
        ) from None


def check_streams_properties(properties: Mapping[str, Any], text: str) -> None:
    """Refuse streamsProperties that ksqlDB would refuse; the others are accepted."""
    for name, value in properties.items():
        bare = name.removeprefix("ksql.streams.").removeprefix("consumer.").removeprefix("producer.")
        if not name.startswith("ksql.") and bare not in _CLIENT_PROPERTIES:
            message = f"Not recognizable as ksql, streams, consumer, or producer property: '{name}'"
            raise ServerProblem(message, text)
        if name in _COLLECTED and not _WHOLE_NUMBER.fullmatch(str(value)):
            raise BadRequest(f"Failed to coerce type of value '{value}' for key '{name}'")
        if bare == OFFSET_RESET and str(value).lower() not in OFFSETS:
            raise BadRequest(
                f"Failed to coerce type of value '{value}' for key '{name}'\nCaused by: Invalid value "
                f"{value} "
                f"for configuration {OFFSET_RESET}: String\n\tmust be one of: latest, earliest, none"
            )


def check_set(name: str, value: str | None, text: str) -> None:
    """Refuse SET and UNSET of a property there is not, and SET to a value it cannot have."""
    possible = "0" if name in _COLLECTED else OFFSETS[0]
    try:
        check_streams_properties({name: possible if value is None else value}, text)
    except ServerProblem:
        raise BadStatement(f"Unknown property: {name}", text) from None
    except BadRequest:
        listed = ", ".join(OFFSETS)
        wanted = f"{OFFSET_RESET}: String must be one of: {listed}"
        if name in _COLLECTED:
            wanted = f"{name}: Not a number of type INT"
        raise BadStatement(f"Invalid value {value} for configuration {wanted}", text) from None


def limits(properties: Mapping[str, Any]) -> dict[str, int]:
    """Return how many values a function may collect, by its name; one without a limit (-1) is not there."""
    given = {name: int(properties[key]) for key, name in _COLLECTED.items() if key in properties}
    return {name: most for name, most in given.items() if most >= 0}


def starts_at_earliest(properties: Mapping[str, Any], table: bool = False) -> bool:
    """Tell whether a new query reads a topic from its beginning: by default it does so for tables only."""
    values: Iterable[Any] = (
        value for name, value in properties.items() if name.removeprefix("ksql.streams.") == OFFSET_RESET
    )
    asked = [str(value).lower() for value in values]
    return "earliest" in asked or (table and "latest" not in asked)
