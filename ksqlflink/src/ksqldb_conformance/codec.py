"""Bytes on the wire <-> the JSON notation of the cases."""

from __future__ import annotations

import base64
import csv
import io
import json
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import fastavro

_PRIMITIVES = {"INT": ">i", "BIGINT": ">q", "DOUBLE": ">d"}
_AVRO_HEADER = struct.Struct(">bI")
_WINDOW_BOUND = struct.Struct(">q")
_WINDOW_BOUNDS = {"time": ["window_start"], "session": ["window_end", "window_start"]}

Schema = Any
SchemaById = Callable[[int], Schema]


class CodecError(Exception):
    """A value that cannot be written or read in its format."""


def plain_logical_types(schema: Schema) -> Schema:
    """The schema without logical types other than decimal: times stay the integers they are on the wire."""
    if isinstance(schema, list):
        return [plain_logical_types(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: plain_logical_types(part) for name, part in schema.items() if name != "default"}
    if "default" in schema:
        kept["default"] = schema["default"]
    if kept.get("logicalType") not in (None, "decimal"):
        del kept["logicalType"]
    return kept


def to_avro(value: Any) -> Any:
    """`{"$decimal": "1.20"}` -> Decimal and `{"$base64": ..}` -> bytes, at any depth."""
    if isinstance(value, list):
        return [to_avro(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"$decimal"}:
            return Decimal(value["$decimal"])
        if set(value) == {"$base64"}:
            return base64.b64decode(value["$base64"])
        return {name: to_avro(item) for name, item in value.items()}
    return value


def from_avro(value: Any) -> Any:
    """Decimal -> `{"$decimal": "1.20"}` and bytes -> `{"$base64": ...}`, at any depth."""
    if isinstance(value, Decimal):
        return {"$decimal": format(value, "f")}
    if isinstance(value, bytes):
        return {"$base64": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [from_avro(item) for item in value]
    if isinstance(value, dict):
        return {name: from_avro(item) for name, item in value.items()}
    return value


def encode_avro(value: Any, schema: Schema, schema_id: int) -> bytes:
    """The registry's wire format: a zero byte, the 4-byte schema id, the Avro body."""
    out = io.BytesIO()
    out.write(_AVRO_HEADER.pack(0, schema_id))
    fastavro.schemaless_writer(out, fastavro.parse_schema(plain_logical_types(schema)), to_avro(value))
    return out.getvalue()


def decode_avro(data: bytes, schema_by_id: SchemaById) -> Any:
    """The value of a record in the registry's wire format."""
    if len(data) < _AVRO_HEADER.size or data[0] != 0:
        raise CodecError(f"not in the registry's wire format: {data[:20]!r}")
    _, schema_id = _AVRO_HEADER.unpack_from(data)
    parsed = fastavro.parse_schema(plain_logical_types(schema_by_id(schema_id)))
    body = io.BytesIO(data[_AVRO_HEADER.size :])
    return from_avro(fastavro.schemaless_reader(body, parsed, None))


def _encode_delimited(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    cells = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue().encode()


def _raw(value: Any) -> bytes | None:
    if isinstance(value, dict) and set(value) == {"$raw"}:
        return str(value["$raw"]).encode()
    if isinstance(value, dict) and set(value) == {"$base64"}:
        return base64.b64decode(value["$base64"])
    return None


def encode(value: Any, format_name: str, avro: tuple[Schema, int] | None = None) -> bytes | None:
    """One key or value as bytes; None stays None; `avro` = (schema, id) for the AVRO format."""
    if value is None:
        return None
    raw = _raw(value)
    if raw is not None:
        return raw
    if format_name in _PRIMITIVES:
        return struct.pack(_PRIMITIVES[format_name], value)
    if format_name == "STRING":
        return str(value).encode()
    if format_name == "JSON":
        return json.dumps(value, ensure_ascii=False).encode()
    if format_name == "DELIMITED":
        return _encode_delimited(value)
    if format_name == "AVRO" and avro is not None:
        return encode_avro(value, *avro)
    raise CodecError(f"cannot write format {format_name}" + (" without a schema" if avro is None else ""))


def header_bytes(headers: list[tuple[str, Any]]) -> list[tuple[str, str | bytes | None]]:
    """Record headers: a text, nothing, or `{"$base64": ...}` by name, as bytes."""
    return [(name, encode(value, "STRING")) for name, value in headers]


def from_header(data: bytes | None) -> Any:
    """The value of a record header, in the notation of `header_bytes`."""
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return {"$base64": base64.b64encode(data or b"").decode()}


def encode_key(
    value: Any, format_name: str, windowed: str | None, avro: tuple[Schema, int] | None = None
) -> bytes | None:
    """A record key; of a windowed one `{"key", "window_start"[, "window_end"]}` (ms)."""
    if windowed is None or value is None or _raw(value) is not None:
        return encode(value, format_name, avro)
    bounds = b"".join(_WINDOW_BOUND.pack(value[name]) for name in _WINDOW_BOUNDS[windowed])
    return (encode(value["key"], format_name, avro) or b"") + bounds


def decode(data: bytes | None, format_name: str, schema_by_id: SchemaById) -> Any:
    """One key or value in the notation of the cases; bytes that cannot be read as `{"$undecodable": ...}`."""
    if data is None:
        return None
    try:
        return _decode(data, format_name, schema_by_id)
    except (CodecError, ValueError, struct.error, EOFError, IndexError) as error:
        return {"$undecodable": base64.b64encode(data).decode(), "format": format_name, "why": str(error)}


def _decode(data: bytes, format_name: str, schema_by_id: SchemaById) -> Any:
    if format_name in _PRIMITIVES:
        return struct.unpack(_PRIMITIVES[format_name], data)[0]
    if format_name in ("STRING", "DELIMITED"):
        return data.decode()
    if format_name == "JSON":
        return json.loads(data)
    if format_name == "AVRO":
        return decode_avro(data, schema_by_id)
    raise CodecError(f"cannot read format {format_name}")


def decode_key(data: bytes | None, format_name: str, windowed: str | None, schema_by_id: SchemaById) -> Any:
    """A record key; a windowed one as `{"key", "window_start"[, "window_end"]}` (ms)."""
    if data is None or windowed is None:
        return decode(data, format_name, schema_by_id)
    names = _WINDOW_BOUNDS[windowed]
    split = len(data) - len(names) * _WINDOW_BOUND.size
    if split < 0:
        return {"$undecodable": base64.b64encode(data).decode(), "why": "too short for a windowed key"}
    bounds = {
        name: _WINDOW_BOUND.unpack_from(data, split + index * _WINDOW_BOUND.size)[0]
        for index, name in enumerate(names)
    }
    return {"key": decode(data[:split], format_name, schema_by_id), **bounds}
