"""The KAFKA format (one primitive) and the DELIMITED format (comma-separated text)."""

from __future__ import annotations

import base64
import csv
import io
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect import types as t
from ksqlflink.serde.errors import Undecodable, Unencodable

_PACKED: dict[t.SqlType, struct.Struct] = {
    t.INTEGER: struct.Struct(">i"),
    t.BIGINT: struct.Struct(">q"),
    t.DOUBLE: struct.Struct(">d"),
}


def encode_kafka(columns: Sequence[Column], values: Mapping[str, Any]) -> bytes | None:
    """Return the bytes of the only column; a null is no bytes at all."""
    (column,) = columns
    value = values.get(column.name)
    if value is None:
        return None
    if column.type in _PACKED:
        return _PACKED[column.type].pack(value)
    return value if isinstance(value, bytes) else str(value).encode()


def decode_kafka(columns: Sequence[Column], data: bytes) -> dict[str, Any]:
    """Return the only column's value."""
    (column,) = columns
    try:
        if column.type in _PACKED:
            return {column.name: _PACKED[column.type].unpack(data)[0]}
        return {column.name: data if column.type == t.BYTES else data.decode()}
    except (struct.error, UnicodeDecodeError) as error:
        raise Undecodable(str(error)) from error


def encode_delimited(columns: Sequence[Column], values: Mapping[str, Any], delimiter: str) -> bytes:
    """Return the columns as one line of text; a null is nothing between two delimiters."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="")
    writer.writerow([_cell(values.get(column.name)) for column in columns])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case bytes():
            return base64.b64encode(value).decode()
        case list() | dict():
            raise Unencodable("The 'DELIMITED' format does not support type 'ARRAY', 'MAP' or 'STRUCT'")
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)


def decode_delimited(columns: Sequence[Column], data: bytes, delimiter: str) -> dict[str, Any]:
    """Return the columns of one line of text."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode()), delimiter=delimiter))
        cells = rows[0] if rows else [""]
        if len(rows) > 1 or len(cells) != len(columns):
            raise Undecodable(f"Unexpected field count, csvFields:{len(cells)} schemaFields:{len(columns)}")
        return {c.name: _parse(cell, c.type) for c, cell in zip(columns, cells, strict=True)}
    except (ValueError, InvalidOperation, KeyError, csv.Error) as error:
        raise Undecodable(str(error)) from error


_PARSERS: dict[t.SqlType, Callable[[str], Any]] = {
    t.BOOLEAN: lambda text: text.strip().lower() == "true",
    t.INTEGER: int,
    t.BIGINT: int,
    t.DOUBLE: float,
    t.STRING: str,
    t.BYTES: base64.b64decode,
    t.DATE: int,
    t.TIME: int,
    t.TIMESTAMP: int,
}


def _parse(cell: str, kind: t.SqlType) -> Any:
    if cell == "":
        return None
    if isinstance(kind, t.Decimal):
        return Decimal(cell.strip()).quantize(Decimal(1).scaleb(-kind.scale))
    return _PARSERS[kind](cell if kind == t.STRING else cell.strip())
