"""Records, columns and formats as the worker's requests carry them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from ksqlflink.services.records import Record
from ksqlflink.services.registry import Registry

_AVRO_HEADER = 5  # a zero byte and the schema's id


def base64_of(data: bytes | None) -> str | None:
    """Return bytes as text."""
    return None if data is None else base64.b64encode(data).decode("ascii")


def bytes_of(text: str | None) -> bytes | None:
    """Return the bytes of a text."""
    return None if text is None else base64.b64decode(text)


def record_json(record: Record, number: int = 0) -> list[Any]:
    """Return a record of the plan's input of that number."""
    key, value = base64_of(record.key), base64_of(record.value)
    return [number, record.partition, record.offset, record.timestamp, key, value]


def schemas_of(records: Iterable[Record], registry: Registry) -> dict[str, str]:
    """Return the schemas by whose ids the records may be read, where the registry has them."""
    parts = (part for record in records for part in (record.key, record.value))
    ids = {int.from_bytes(p[1:_AVRO_HEADER]) for p in parts if p and p[0] == 0 and len(p) >= _AVRO_HEADER}
    return {str(number): text for number in ids if (text := registry.schema(number)) is not None}
