"""The AVRO format in the registry's wire format: a zero byte, the schema's id, the Avro body."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import fastavro

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect import types as t
from ksqlflink.serde.errors import Undecodable, Unencodable

HEADER = struct.Struct(">bI")
SchemaById = Callable[[int], str | None]


def plain_logical_types(schema: Any) -> Any:
    """Return the schema without logical types other than decimal: times stay the numbers they are."""
    if isinstance(schema, list):
        return [plain_logical_types(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: part if name == "default" else plain_logical_types(part) for name, part in schema.items()}
    if kept.get("logicalType") not in (None, "decimal"):
        del kept["logicalType"]
    return kept


@lru_cache(maxsize=256)
def parsed_schema(text: str) -> Any:
    """Return a schema ready for reading and writing."""
    return fastavro.parse_schema(plain_logical_types(json.loads(text)))


def read_avro(data: bytes, schema_by_id: SchemaById) -> Any:
    """Return the generic Avro value of a record in the registry's wire format."""
    if len(data) < HEADER.size or data[0] != 0:
        raise Undecodable("not in the registry's wire format")
    _, schema_id = HEADER.unpack_from(data)
    text = schema_by_id(schema_id)
    if text is None:
        raise Undecodable(f"the registry has no schema {schema_id}")
    try:
        return fastavro.schemaless_reader(io.BytesIO(data[HEADER.size :]), parsed_schema(text), None)
    except (EOFError, ValueError, IndexError, KeyError, OverflowError, TypeError) as error:
        raise Undecodable(f"not of schema {schema_id}: {error}") from error


def decode_avro(columns: Sequence[Column], data: bytes, schema_by_id: SchemaById) -> dict[str, Any]:
    """Return the columns of an Avro record, or the only column of a bare Avro value."""
    value = read_avro(data, schema_by_id)
    if isinstance(value, dict):
        return _members(value, [(column.name, column.type) for column in columns])
    if len(columns) != 1:
        raise Undecodable("not a record")
    return {columns[0].name: from_avro(value, columns[0].type)}


def _members(value: Mapping[str, Any], wanted: Sequence[tuple[str, t.SqlType]]) -> dict[str, Any]:
    upper = {name.upper(): item for name, item in value.items()}
    return {name: from_avro(value.get(name, upper.get(name.upper())), kind) for name, kind in wanted}


def from_avro(value: Any, kind: t.SqlType) -> Any:
    """Return the column value of a generic Avro value."""
    if value is None:
        return None
    match kind:
        case t.Array(item):
            return [from_avro(one, item) for one in value]
        case t.Map(_, item) if isinstance(value, list):  # Kafka Connect writes a map as key/value records
            return {one["key"]: from_avro(one["value"], item) for one in value}
        case t.Map(_, item):
            return {name: from_avro(one, item) for name, one in value.items()}
        case t.Struct(fields):
            return _members(value, fields)
        case t.Decimal(_, scale):
            return Decimal(value).quantize(Decimal(1).scaleb(-scale))
    if kind == t.DOUBLE:
        return float(value)
    return value


def encode_avro(
    columns: Sequence[Column], values: Mapping[str, Any], schema_text: str, schema_id: int
) -> bytes:
    """Return a record of the registered schema; its fields match columns without regard to case."""
    schema = parsed_schema(schema_text)
    if isinstance(schema, dict) and schema["type"] == "record":
        body: Any = _record({column.name: values.get(column.name) for column in columns}, schema)
    else:
        (column,) = columns
        body = _to_avro(values.get(column.name), schema)
    out = io.BytesIO(HEADER.pack(0, schema_id))
    out.seek(0, io.SEEK_END)
    try:
        fastavro.schemaless_writer(out, schema, body)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unencodable(f"the registered schema cannot hold it: {error}") from error
    return out.getvalue()


def _record(values: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    upper = {name.upper(): item for name, item in values.items()}
    fields = schema["fields"]
    body = {}
    for field in fields:
        value = values.get(field["name"], upper.get(field["name"].upper()))
        if value is not None or "default" not in field:
            body[field["name"]] = _to_avro(value, field["type"])
    return body


def _to_avro(value: Any, schema: Any) -> Any:
    """Shape a column value as the Avro schema wants it: field names, and maps as key/value records."""
    branch = next((part for part in schema if part != "null"), "null") if isinstance(schema, list) else schema
    if value is None or not isinstance(branch, dict):
        return value
    match branch["type"]:
        case "record":
            return _record(value, branch)
        case "array" if isinstance(value, dict):
            entry = branch["items"]
            return [_record({"key": name, "value": item}, entry) for name, item in value.items()]
        case "array":
            return [_to_avro(item, branch["items"]) for item in value]
        case "map":
            return {name: _to_avro(item, branch["values"]) for name, item in value.items()}
    return value
