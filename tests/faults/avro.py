"""Avro values as they lie on the topics: read, altered and written again."""

from __future__ import annotations

import io
from typing import Any

import fastavro

# A zero byte and the schema's id.
_HEADER = 5


def decoded(schema: dict[str, Any], value: bytes) -> dict[str, Any]:
    """The record in a message."""
    found = fastavro.schemaless_reader(io.BytesIO(value[_HEADER:]), fastavro.parse_schema(schema), None)
    assert isinstance(found, dict)
    return found


def altered(schema: dict[str, Any], value: bytes, **fields: Any) -> bytes:
    """The message with other values in these fields."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), {**decoded(schema, value), **fields})
    return value[:_HEADER] + buffer.getvalue()
