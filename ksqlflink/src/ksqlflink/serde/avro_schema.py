"""Avro schemas -> ksqlDB columns, and ksqlDB columns -> the Avro schema ksqlDB registers for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect import types as t

Schema = Any  # a parsed Avro schema: str, list or dict

_NAMESPACE = "io.confluent.ksql.avro_schemas"
_RECORD = "KsqlDataSourceSchema"
_PLAIN: dict[str, t.SqlType] = {
    "boolean": t.BOOLEAN,
    "int": t.INTEGER,
    "long": t.BIGINT,
    "float": t.DOUBLE,
    "double": t.DOUBLE,
    "string": t.STRING,
    "bytes": t.BYTES,
    "enum": t.STRING,
}
_LOGICAL: dict[tuple[str, str], t.SqlType] = {
    ("int", "date"): t.DATE,
    ("int", "time-millis"): t.TIME,
    ("long", "timestamp-millis"): t.TIMESTAMP,
}


class UnsupportedSchema(Exception):
    """An Avro schema without an equivalent here; the message says which part."""


class Names:
    """Named types met so far, so that later references to them by name resolve."""

    def __init__(self) -> None:
        self._types: dict[str, Schema] = {}

    def resolve(self, schema: Schema, namespace: str = "") -> Schema:
        """Return the definition behind a schema: references followed, new names remembered."""
        if isinstance(schema, str) and schema not in _PLAIN and schema != "null":
            for name in (schema, f"{namespace}.{schema}"):
                if name in self._types:
                    return self._types[name]
            raise UnsupportedSchema(f"unknown type '{schema}'")
        if isinstance(schema, dict) and "name" in schema:
            self._types.setdefault(self._full_name(schema, namespace), schema)
        return schema

    @staticmethod
    def _full_name(schema: dict[str, Any], namespace: str) -> str:
        name: str = schema["name"]
        space = schema.get("namespace", namespace)
        return name if "." in name or not space else f"{space}.{name}"


def strip_null(schema: Schema) -> tuple[Schema, bool]:
    """Return the schema without its null branch, and whether it had one."""
    if not isinstance(schema, list):
        return schema, False
    branches = [branch for branch in schema if branch != "null"]
    if len(branches) != 1:
        raise UnsupportedSchema("a union of several types")
    return branches[0], len(branches) != len(schema)


def type_name(schema: Schema) -> str:
    """Return the Avro type's name: record, array, long, ..."""
    if isinstance(schema, dict):
        inner = schema["type"]
        return inner if isinstance(inner, str) else type_name(inner)
    return str(schema)


def logical_name(schema: Schema) -> str | None:
    """Return the schema's logical type, if it has one."""
    return schema.get("logicalType") if isinstance(schema, dict) else None


def is_map_entries(schema: Schema, names: Names) -> bool:
    """Tell whether an array is how Kafka Connect writes a map."""
    items, _ = strip_null(schema["items"])
    items = names.resolve(items)
    return isinstance(items, dict) and items.get("connect.internal.type") == "MapEntry"


def sql_type(schema: Schema, names: Names | None = None) -> t.SqlType:
    """Return the ksqlDB type of an Avro schema; UnsupportedSchema when there is none."""
    names = names or Names()
    schema, _ = strip_null(schema)
    schema = names.resolve(schema)
    name, logical = type_name(schema), logical_name(schema)
    if name in ("bytes", "fixed") and logical == "decimal":
        return t.Decimal(int(schema["precision"]), int(schema.get("scale", 0)))
    if name == "array" and is_map_entries(schema, names):
        entry = names.resolve(strip_null(schema["items"])[0])
        key, value = (sql_type(field["type"], names) for field in entry["fields"])
        return t.Map(key, value)
    if name == "array":
        return t.Array(sql_type(schema["items"], names))
    if name == "map":
        return t.Map(t.STRING, sql_type(schema["values"], names))
    if name == "record":
        fields = schema["fields"]
        return t.Struct(tuple((field["name"].upper(), sql_type(field["type"], names)) for field in fields))
    if (name, logical or "") in _LOGICAL:
        return _LOGICAL[name, logical or ""]
    if name in _PLAIN:
        return _PLAIN[name]
    raise UnsupportedSchema(f"type '{name}'")


def columns(schema_text: str, wrap: bool = True) -> tuple[Column, ...]:
    """Return the value columns that ksqlDB infers from a registered schema; names are upper-cased.

    Without `wrap` the value is not a record of columns but one column.
    """
    schema = json.loads(schema_text)
    if not wrap:
        return (Column("ROWVAL", sql_type(schema)),)
    if type_name(schema) != "record":
        raise UnsupportedSchema(f"a value that is not a record but '{type_name(schema)}'")
    inferred = sql_type(schema)
    assert isinstance(inferred, t.Struct)  # noqa: S101 - a record's type is a struct
    return tuple(Column(name, kind) for name, kind in inferred.fields)


def key_columns(schema_text: str) -> tuple[Column, ...]:
    """Return the key column that ksqlDB infers from a registered schema: always a single one."""
    return (Column("ROWKEY", sql_type(json.loads(schema_text)), key=True),)


def _connect(base: dict[str, Any], name: str, logical: str) -> Schema:
    return {
        **base,
        "connect.version": 1,
        "connect.name": f"org.apache.kafka.connect.data.{name}",
        "logicalType": logical,
    }


def _decimal(kind: t.Decimal) -> Schema:
    return {
        "type": "bytes",
        "scale": kind.scale,
        "precision": kind.precision,
        "connect.version": 1,
        "connect.parameters": {"scale": str(kind.scale), "connect.decimal.precision": str(kind.precision)},
        "connect.name": "org.apache.kafka.connect.data.Decimal",
        "logicalType": "decimal",
    }


_WRITTEN: dict[t.SqlType, Schema] = {
    t.BOOLEAN: "boolean",
    t.INTEGER: "int",
    t.BIGINT: "long",
    t.DOUBLE: "double",
    t.STRING: "string",
    t.BYTES: "bytes",
    t.DATE: _connect({"type": "int"}, "Date", "date"),
    t.TIME: _connect({"type": "int"}, "Time", "time-millis"),
    t.TIMESTAMP: _connect({"type": "long"}, "Timestamp", "timestamp-millis"),
}


@dataclass(frozen=True)
class _Path:
    """The full name of a record, made of the field names on the way to it."""

    full: str
    outermost: bool = True

    def to(self, name: str) -> _Path:
        """Return the name of a record inside this one."""
        return _Path(f"{self.full}_{name}", outermost=False)

    def names(self) -> dict[str, str]:
        """Return name and namespace; inner records inherit the namespace."""
        space, _, name = self.full.rpartition(".")
        return {"name": name, "namespace": space} if space and self.outermost else {"name": name}


def _field(name: str, kind: t.SqlType, path: _Path) -> dict[str, Any]:
    return {"name": name, "type": ["null", _written(kind, path.to(name))], "default": None}


def _written(kind: t.SqlType, path: _Path) -> Schema:
    match kind:
        case t.Decimal():
            return _decimal(kind)
        case t.Array(item):
            return {"type": "array", "items": ["null", _written(item, path)]}
        case t.Map(key, value):
            fields = [
                {"name": "key", "type": ["null", _written(key, path)], "default": None},
                {"name": "value", "type": ["null", _written(value, path.to("MapValue"))], "default": None},
            ]
            entry = {
                "type": "record",
                **path.names(),
                "fields": fields,
                "connect.internal.type": "MapEntry",
            }
            return {"type": "array", "items": entry, "connect.name": path.full}
        case t.Struct(members):
            columns = [Column(name, item) for name, item in members]
            return _record(columns, path)
        case _:
            return _WRITTEN[kind]


def value_schema(value_columns: Sequence[Column], full_name: str | None = None, wrap: bool = True) -> str:
    """Return the text of the Avro schema that ksqlDB registers for these value columns.

    `full_name` renames the record; without `wrap` a single column is not a field of a record but the value.
    """
    name = full_name or f"{_NAMESPACE}.{_RECORD}"
    if not wrap and len(value_columns) == 1:
        return _text(_written(value_columns[0].type, _Path(name)))
    return _text(_record(value_columns, _Path(name)))


def key_schema(key_columns: Sequence[Column], source: str) -> str:
    """Return the text of the Avro schema ksqlDB registers for a key: bare for one column."""
    words = [word.capitalize() for word in source.split("_")]
    path = _Path(f"{_NAMESPACE}.{''.join(words)}Key")
    if len(key_columns) == 1:
        return _text(_written(key_columns[0].type, path))
    return _text(_record(key_columns, path))


def _text(schema: Schema) -> str:
    return json.dumps(schema, separators=(",", ":"))


def _record(columns: Sequence[Column], path: _Path) -> Schema:
    return {
        "type": "record",
        **path.names(),
        "fields": [_field(column.name, column.type, path) for column in columns],
        "connect.name": path.full,
    }
