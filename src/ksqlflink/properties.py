"""The WITH clause and streamsProperties: what may be said in them, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ksqlflink.dialect import ast
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource
from ksqlflink.errors import BadRequest, BadStatement, ServerProblem

_SUPPORTED_CREATE = {
    "KAFKA_TOPIC", "KEY_FORMAT", "VALUE_FORMAT", "FORMAT", "PARTITIONS", "REPLICAS", "RETENTION_MS",
    "CLEANUP_POLICY", "TIMESTAMP",
}  # fmt: skip
_SUPPORTED_AS_SELECT = _SUPPORTED_CREATE - {"TIMESTAMP"}
_KNOWN = _SUPPORTED_CREATE | {
    "KEY_DELIMITER", "VALUE_DELIMITER", "KEY_SCHEMA_FULL_NAME", "VALUE_SCHEMA_FULL_NAME",
    "VALUE_AVRO_SCHEMA_FULL_NAME", "KEY_SCHEMA_ID", "VALUE_SCHEMA_ID", "KEY_PROTOBUF_NULLABLE_REPRESENTATION",
    "VALUE_PROTOBUF_NULLABLE_REPRESENTATION", "TIMESTAMP_FORMAT", "WRAP_SINGLE_VALUE", "WINDOW_TYPE",
    "WINDOW_SIZE", "SOURCED_BY_CONNECTOR",
}  # fmt: skip
_NUMBERS = ("PARTITIONS", "REPLICAS", "RETENTION_MS")
_KNOWN_FORMATS = ("AVRO", "JSON", "JSON_SR", "PROTOBUF", "PROTOBUF_NOSR", "DELIMITED", "KAFKA", "NONE")
_SUPPORTED_VALUE_FORMATS = ("AVRO", "JSON")
_SUPPORTED_KEY_FORMATS = ("KAFKA",)

Create = CreateSource | CreateAsSelect

OFFSET_RESET = "auto.offset.reset"
_CLIENT_PROPERTIES = frozenset({
    OFFSET_RESET, "cache.max.bytes.buffering", "statestore.cache.max.bytes", "commit.interval.ms",
    "num.stream.threads", "processing.guarantee", "max.task.idle.ms", "max.poll.records", "fetch.min.bytes",
    "linger.ms", "acks", "compression.type", "batch.size", "isolation.level",
})  # fmt: skip


def not_supported(construct: str, position: ast.Position, text: str) -> BadStatement:
    """Return the refusal of something ksqlDB has and this server has not."""
    return BadStatement(f"{position}: {construct} is not supported by ksqlflink", text)


def get(statement: Create, name: str) -> str | None:
    """Return a WITH property's value as text."""
    return next((value.text for key, value in statement.properties if key == name), None)


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
        if name in _NUMBERS and value.kind != "INTEGER":
            kind = "LONG" if name == "RETENTION_MS" else "INT"
            _unprepared(f"Invalid value '{value.text}' for configuration '{name}': not a {kind}", statement)


def _unprepared(message: str, statement: Create) -> None:
    raise BadStatement(f"Failed to prepare statement: {message}", statement.text)


def with_formats(statement: CreateSource) -> CreateSource:
    """Return the statement with both formats spelled out: FORMAT split up, KEY_FORMAT KAFKA by default."""
    both = get(statement, "FORMAT")
    key = both or get(statement, "KEY_FORMAT") or "KAFKA"
    value = both or get(statement, "VALUE_FORMAT")
    if value is None:
        raise BadStatement(
            "Statement is missing the 'VALUE_FORMAT' property from the WITH clause. Either provide one "
            "or set "
            "a default via the 'ksql.persistence.default.format.value' config.",
            statement.text,
        )
    formatted = with_(statement, KEY_FORMAT=key, VALUE_FORMAT=value)
    kept = tuple(item for item in formatted.properties if item[0] != "FORMAT")
    spelled: CreateSource = replace(formatted, properties=kept)
    return spelled


def check_formats(key: str, value: str, statement: Create, shown: str) -> None:
    """Refuse formats: unknown ones in ksqlDB's words, known ones that are not supported by name."""
    for name in (key, value):
        if name.upper() not in _KNOWN_FORMATS:
            raise BadStatement(f"Unknown format: {name.upper()}", shown)
    for what, name, supported in (
        ("KEY_FORMAT", key, _SUPPORTED_KEY_FORMATS),
        ("VALUE_FORMAT", value, _SUPPORTED_VALUE_FORMATS),
    ):
        if name.upper() not in supported:
            position = dict(statement.properties).get(what, ast.Literal("STRING", name)).position
            raise not_supported(f"{what} {name.upper()}", position, shown)


def check_streams_properties(properties: Mapping[str, Any], text: str) -> None:
    """Refuse streamsProperties that ksqlDB would refuse; the others are accepted."""
    for name, value in properties.items():
        bare = name.removeprefix("ksql.streams.").removeprefix("consumer.").removeprefix("producer.")
        if not name.startswith("ksql.") and bare not in _CLIENT_PROPERTIES:
            message = f"Not recognizable as ksql, streams, consumer, or producer property: '{name}'"
            raise ServerProblem(message, text)
        if bare == OFFSET_RESET and str(value).lower() not in ("latest", "earliest", "none"):
            raise BadRequest(
                f"Failed to coerce type of value '{value}' for key '{name}'\nCaused by: Invalid value "
                f"{value} "
                f"for configuration {OFFSET_RESET}: String\n\tmust be one of: latest, earliest, none"
            )


def starts_at_earliest(properties: Mapping[str, Any]) -> bool:
    """Tell whether a new query reads its topics from their beginning (ksqlDB's default: from their end)."""
    values: Iterable[Any] = (
        value for name, value in properties.items() if name.removeprefix("ksql.streams.") == OFFSET_RESET
    )
    return "earliest" in [str(value).lower() for value in values]
