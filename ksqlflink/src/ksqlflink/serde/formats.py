"""The formats: where each may be used, what it holds, in ksqlDB's words, and what it registers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import back_quoted, sql_type
from ksqlflink.serde import avro_schema

_KAFKA_TYPES = (t.INTEGER, t.BIGINT, t.DOUBLE, t.STRING, t.BYTES)


@dataclass(frozen=True)
class Format:
    """A format: whether values may have it as keys may, and whether its schemas are registered.

    `single` says that it holds one column, `holds` of which types, `wraps` that it may be a record's field.
    """

    values: bool = True
    single: bool = False
    holds: Callable[[t.SqlType], bool] = lambda _: True
    wraps: bool = True
    registered: bool = False


FORMATS: Mapping[str, Format] = {
    "AVRO": Format(registered=True),
    "JSON": Format(),
    "KAFKA": Format(single=True, holds=lambda kind: kind in _KAFKA_TYPES, wraps=False),
    "DELIMITED": Format(holds=lambda kind: isinstance(kind, t.Primitive | t.Decimal), wraps=False),
    "NONE": Format(values=False),
}
ELSEWHERE = ("JSON_SR", "PROTOBUF", "PROTOBUF_NOSR")  # that ksqlDB has
_MAP_KEYS = "https://github.com/confluentinc/ksql/issues/6621"


def schema_text(listed: Iterable[Column]) -> str:
    """Return columns as ksqlDB writes them in messages."""
    return ", ".join(
        f"{back_quoted(c.name)} {sql_type(c.type, quote_all=True)}{' KEY' if c.key else ''}" for c in listed
    )


def key_problem(name: str, columns: Sequence[Column]) -> str | None:
    """Return what ksqlDB says of key columns that a format cannot hold, None if it can."""
    for column in columns:
        if _holds_map(column.type):
            return (
                "Map keys, including types that contain maps, are not supported as they may lead to "
                "unexpected behavior due to inconsistent serialization. Key column name: "
                f"{back_quoted(column.name)}. Column type: {sql_type(column.type, quote_all=True)}. "
                f"See {_MAP_KEYS} for more."
            )
    return _problem("Key", name, columns)


def value_problem(name: str, columns: Sequence[Column], wrap: bool | None = None) -> str | None:
    """Return what ksqlDB says of value columns that a format cannot hold, None if it can.

    `wrap` is what WRAP_SINGLE_VALUE says, if it is there.
    """
    if wrap is not None and len(columns) > 1:
        return "'WRAP_SINGLE_VALUE' is only valid for single-field value schemas"
    if wrap is not None and not FORMATS[name].wraps:
        return f"Format '{name}' does not support 'WRAP_SINGLE_VALUE' set to '{str(wrap).lower()}'."
    return _problem("Value", name, columns)


def _problem(what: str, name: str, columns: Sequence[Column]) -> str | None:
    if not columns:
        return None
    reason = _reason(name, columns)
    if reason is None:
        return None
    return f"{what} format does not support schema.\nformat: {name}\nreason: {reason}"


def _reason(name: str, columns: Sequence[Column]) -> str | None:
    names = ", ".join(back_quoted(column.name) for column in columns)
    if name == "NONE":
        return f"The 'NONE' format can only be used when no columns are defined. Got: [{names}]"
    if FORMATS[name].single and len(columns) > 1:
        return f"The '{name}' format only supports a single field. Got: [{names}]"
    for column in columns:
        if not FORMATS[name].holds(column.type):
            kind = sql_type(column.type).split("<")[0].split("(")[0]
            return f"The '{name}' format does not support type '{kind}', column: {back_quoted(column.name)}"
    return None


def _holds_map(kind: t.SqlType) -> bool:
    match kind:
        case t.Map():
            return True
        case t.Array(item):
            return _holds_map(item)
        case t.Struct(fields):
            return any(_holds_map(item) for _, item in fields)
    return False


def key_schema(source: DataSource) -> str | None:
    """Return the schema that a source's keys have in the registry, None where they have none there."""
    if not source.key_columns or not FORMATS[source.key_format].registered:
        return None
    return avro_schema.key_schema(source.key_columns, source.name)


def value_schema(source: DataSource) -> str | None:
    """Return the schema that a source's values have in the registry, None where they have none there."""
    if not source.value_columns or not FORMATS[source.value_format].registered:
        return None
    return avro_schema.value_schema(source.value_columns, source.value_schema_name, source.wrap_value)
