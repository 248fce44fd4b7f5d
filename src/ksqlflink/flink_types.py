"""ksqlDB and Avro types -> Flink SQL types."""

from __future__ import annotations

from ksqlflink import avro
from ksqlflink import sqltypes as t

_PRIMITIVES = {
    t.BOOLEAN: "BOOLEAN",
    t.INTEGER: "INT",
    t.BIGINT: "BIGINT",
    t.DOUBLE: "DOUBLE",
    t.STRING: "STRING",
    t.BYTES: "BYTES",
    t.TIME: "TIME(3)",
    t.DATE: "DATE",
    t.TIMESTAMP: "TIMESTAMP(3)",
}
_AVRO_PRIMITIVES = {
    "boolean": "BOOLEAN",
    "int": "INT",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "STRING",
    "enum": "STRING",
    "bytes": "BYTES",
}
# What ksqlDB reads into a wider declared type.
_WIDENINGS = {
    (t.INTEGER, t.BIGINT),
    (t.INTEGER, t.DOUBLE),
    (t.BIGINT, t.DOUBLE),
}


class Mismatch(Exception):
    """A declared type that the registered schema cannot be read as."""


def quote(name: str) -> str:
    """Return a Flink identifier."""
    return "`" + name.replace("`", "``") + "`"


def string(text: str) -> str:
    """Return a Flink string literal."""
    return "'" + text.replace("'", "''") + "'"


def flink_type(kind: t.SqlType) -> str:
    """Return the Flink type of a ksqlDB type."""
    match kind:
        case t.Decimal(precision, scale):
            return f"DECIMAL({precision}, {scale})"
        case t.Array(item):
            return f"ARRAY<{flink_type(item)}>"
        case t.Map(key, value):
            return f"MAP<{flink_type(key)}, {flink_type(value)}>"
        case t.Struct(fields):
            return f"ROW<{', '.join(f'{quote(name)} {flink_type(item)}' for name, item in fields)}>"
        case _:
            return _PRIMITIVES[kind]


def interval(milliseconds: int) -> str:
    """Return a Flink interval literal of up to 99 days."""
    seconds, millis = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"INTERVAL '{days} {hours:02}:{minutes:02}:{seconds:02}.{millis:03}' DAY TO SECOND(3)"


def read_type(declared: t.SqlType, schema: avro.Schema, names: avro.Names) -> str:
    """Return the Flink type to read an Avro value with, so that CAST turns it into the declared type.

    Struct fields come in the declared order under the writer's own names, matched without regard to case;
    a field the writer does not have reads as null. Mismatch when the types do not fit.
    """
    schema, _ = avro.strip_null(schema)
    schema = names.resolve(schema)
    name = avro.type_name(schema)
    match declared:
        case t.Array(item) if name == "array" and not avro.is_map_entries(schema, names):
            return f"ARRAY<{read_type(item, schema['items'], names)}>"
        case t.Map(_, value) if name == "map":
            return f"MAP<STRING, {read_type(value, schema['values'], names)}>"
        case t.Struct(fields) if name == "record":
            written = {field["name"].upper(): field for field in schema["fields"]}
            return f"ROW<{', '.join(_member(field, item, written, names) for field, item in fields)}>"
    actual = avro.sql_type(schema, names)
    if isinstance(actual, t.Decimal) and actual == declared:
        return flink_type(actual)
    if actual == declared or (actual, declared) in _WIDENINGS:
        return _AVRO_PRIMITIVES[name] if avro.logical_name(schema) is None else flink_type(actual)
    raise Mismatch(f"is declared as {flink_type(declared)} but written as {name}")


def _member(name: str, kind: t.SqlType, written: dict[str, avro.Schema], names: avro.Names) -> str:
    field = written.get(name.upper())
    if field is None:
        return f"{quote(name)} {flink_type(kind)}"
    return f"{quote(field['name'])} {read_type(kind, field['type'], names)}"
