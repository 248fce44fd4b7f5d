"""Records, columns and formats as the worker's requests carry them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from ksqlflink.catalogue.codec import type_to_json
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.serde.formats import FORMATS, key_schema, value_schema
from ksqlflink.services.records import Record
from ksqlflink.services.registry import Registry, key_subject_of, subject_of

Json = dict[str, Any]
_LOT_RECORDS, _LOT_BYTES = 500, 1 << 20
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


def lots(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the records in lots that are soon done, so that none keeps the worker busy or its memory full."""
    lot: list[Record] = []
    size = 0
    for record in records:
        lot.append(record)
        size += len(record.key or b"") + len(record.value or b"")
        if len(lot) == _LOT_RECORDS or size >= _LOT_BYTES:
            yield lot
            lot, size = [], 0
    if lot:
        yield lot


def schemas_of(records: Iterable[tuple[Record, DataSource | None]], registry: Registry) -> dict[str, str]:
    """Return the schemas by whose ids records of these sources may be read, where the registry has them."""
    parts = (part for record, source in records for part in _registered_parts(record, source))
    ids = {int.from_bytes(p[1:_AVRO_HEADER]) for p in parts if p and p[0] == 0 and len(p) >= _AVRO_HEADER}
    return {str(number): text for number in ids if (text := registry.schema(number)) is not None}


def _registered_parts(record: Record, source: DataSource | None) -> list[bytes | None]:
    """Return the key and the value, as far as their formats have schemas; both where none is known."""
    if source is None:
        return [record.key, record.value]
    sides = ((source.key_format, record.key), (source.value_format, record.value))
    return [data for name, data in sides if FORMATS[name].registered]


def column_json(column: Column, **given: Any) -> Json:
    """Return a column of a record to be written; `expr` or `json` is its value, null without either."""
    return {"name": column.name, "type": type_to_json(column.type), "key": column.key, **given}


def key_format(source: DataSource, registry: Registry) -> Json:
    """Return how a source's keys are written."""
    schema = key_schema(source)
    known = {} if schema is None else _registered(key_subject_of(source.topic), schema, registry)
    return {"format": source.key_format, **known}


def value_format(source: DataSource, registry: Registry) -> Json:
    """Return how a source's values are written."""
    schema = value_schema(source)
    if schema is not None:
        return {"format": source.value_format, **_registered(subject_of(source.topic), schema, registry)}
    return {"format": source.value_format, "delimiter": source.value_delimiter, "wrap": source.wrap_value}


def _registered(subject: str, own: str, registry: Registry) -> Json:
    """Return the newest schema of a subject; the source's own is registered if somebody has removed it."""
    newest = registry.latest_id(subject)
    if newest is None:
        return {"schemaId": registry.register(subject, own), "registered": own}
    return {"schemaId": newest, "registered": registry.schema(newest)}
