"""Avro schemas -> ksqlDB columns, and ksqlDB columns -> the Avro schema ksqlDB registers for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
    "fixed": t.BYTES,
    "enum": t.STRING,
}
_LOGICAL: dict[tuple[str, str], t.SqlType] = {
    ("int", "date"): t.DATE,
    ("int", "time-millis"): t.TIME,
    ("long", "timestamp-millis"): t.TIMESTAMP,
}


class Unreadable(Exception):
    """ksqlDB makes no columns of a schema; the message says why in its words."""


class _Skipped(Unreadable):
    """A part of a schema that ksqlDB leaves out if it is only a column of several."""


class Endless(Exception):
    """A record contains itself."""


_COMPLEX = {"record": "fields", "array": "items", "map": "values"}


@dataclass
class _Names:
    """Named types met so far by full name; None while one is being read."""

    known: dict[str, Schema] = field(default_factory=dict)

    def inlined(self, schema: Schema, space: str = "") -> Schema:
        """Return the schema with the definition in place of each name; Endless when there is no end of it."""
        match schema:
            case list():
                return [self.inlined(branch, space) for branch in schema]
            case {"type": str(kind), "name": str(name)}:
                full = _full_name(name, schema.get("namespace", space))
                self.known[full] = None
                self.known[full] = self._inside(schema, kind, full.rpartition(".")[0])
                return self.known[full]
            case {"type": str(kind)}:
                return self._inside(schema, kind, space)
            case {"type": inner}:
                return self.inlined(inner, space)
        return self._named(schema, space)

    def _inside(self, schema: dict[str, Any], kind: str, space: str) -> Schema:
        part = _COMPLEX.get(kind)
        if part == "fields":
            items = [{**item, "type": self.inlined(item["type"], space)} for item in schema["fields"]]
            return {**schema, "fields": items}
        if part is not None:
            return {**schema, part: self.inlined(schema[part], space)}
        return schema if kind in _PLAIN or kind == "null" else self._named(kind, space)

    def _named(self, name: str, space: str) -> Schema:
        if name in _PLAIN or name == "null":
            return name
        found = next((full for full in (_full_name(name, space), name) if full in self.known), None)
        if found is None:
            raise Unreadable(f'Undefined name: "{name}"')
        if self.known[found] is None:
            raise Endless(f"the record {found} contains itself")
        return self.known[found]


def _full_name(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _kind(schema: Schema) -> str:
    """Return the Avro type's name: record, array, long, ..."""
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _type(schema: Schema) -> t.SqlType:
    """Return the ksqlDB type of a schema without references; Unreadable when there is none."""
    if isinstance(schema, list):
        return _union(schema)
    kind, logical = _kind(schema), schema.get("logicalType", "") if isinstance(schema, dict) else ""
    if kind in ("bytes", "fixed") and logical == "decimal":
        return t.Decimal(int(schema["precision"]), int(schema.get("scale", 0)))
    match kind:
        case "null":
            raise Unreadable("Standalone null schemas are not supported by this converter")
        case "array":
            return _array(schema["items"])
        case "map":
            return t.Map(t.STRING, _type(schema["values"]))
        case "record":
            return _struct((item["name"], item["type"]) for item in schema["fields"])
    return _LOGICAL.get((kind, logical)) or _PLAIN[kind]


def _union(branches: list[Schema]) -> t.SqlType:
    """Return the type of null and another one; of other unions a STRUCT with a field for each type."""
    types = [branch for branch in branches if _kind(branch) != "null"]
    if len(types) == 1 and len(branches) == 2:
        return _type(types[0])
    return _struct((_member(branch), branch) for branch in types)


def _member(branch: Schema) -> str:
    name = branch.get("name") if isinstance(branch, dict) else None
    return _kind(branch) if name is None else name.rpartition(".")[2]


def _array(items: Schema) -> t.SqlType:
    """Return the type of an array, which is a MAP when its items are how Kafka Connect writes one."""
    entry = next((item for item in items if item != "null"), items) if isinstance(items, list) else items
    if isinstance(entry, dict) and entry.get("connect.internal.type") == "MapEntry":
        key, value = (_type(item["type"]) for item in entry["fields"])
        return t.Map(key, value)
    return t.Array(_type(items))


def _struct(members: Iterable[tuple[str, Schema]]) -> t.SqlType:
    found: dict[str, t.SqlType] = {}
    for name, schema in members:
        if name.upper() in found:
            raise Unreadable(f"Cannot create field because of field name duplication {name.upper()}")
        with suppress(_Skipped):
            found[name.upper()] = _type(schema)
    if not found:
        raise _Skipped("Schema does not include any columns with types that ksqlDB supports.\nschema:  ")
    return t.Struct(tuple(found.items()))


def columns(schema_text: str, wrap: bool = True) -> tuple[Column, ...]:
    """Return the value columns that ksqlDB infers from a registered schema; names are upper-cased.

    Without `wrap` the value is not a record of columns but one column.
    """
    inferred = _type(_Names().inlined(json.loads(schema_text)))
    if not wrap:
        return (Column("ROWVAL", inferred),)
    if not isinstance(inferred, t.Struct):
        raise Unreadable(
            "Schema returned from schema registry is anonymous type. To use this schema with ksqlDB, set "
            "'WRAP_SINGLE_VALUE=false' in the WITH clause properties."
        )
    return tuple(Column(name, kind) for name, kind in inferred.fields)


def key_columns(schema_text: str) -> tuple[Column, ...]:
    """Return the key column that ksqlDB infers from a registered schema: always a single one."""
    return (Column("ROWKEY", _type(_Names().inlined(json.loads(schema_text))), key=True),)


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
