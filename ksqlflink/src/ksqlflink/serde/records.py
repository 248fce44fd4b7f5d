"""Whole records: key, window and value of a source."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.errors import ServerProblem
from ksqlflink.serde import avro_format, json_format, plain
from ksqlflink.serde.errors import Undecodable, Unencodable
from ksqlflink.services.records import Record
from ksqlflink.services.registry import Registry

_BOUND = struct.Struct(">q")


@dataclass(frozen=True)
class Layout:
    """How one side (key or value) of a topic's records is written."""

    format: str
    columns: tuple[Column, ...]
    subject: str
    delimiter: str = ","
    wrap: bool = True


def layouts_of(source: DataSource) -> tuple[Layout, Layout]:
    """Return the layouts of key and value of a source."""
    keys, values, topic = source.key_columns, source.value_columns, source.topic
    return (
        Layout(source.key_format, keys, f"{topic}-key", wrap=len(keys) > 1),
        Layout(source.value_format, values, f"{topic}-value", source.value_delimiter, source.wrap_value),
    )


@dataclass(frozen=True)
class Row:
    """A record as columns; `window` is its bounds for a windowed key, `values` is None for a tombstone."""

    key: dict[str, Any]
    values: dict[str, Any] | None
    timestamp: int
    window: tuple[int, int] | None = None
    partition: int = 0
    offset: int = 0


@dataclass
class RecordReader:
    """Reads the records of one source; Undecodable for those ksqlDB skips."""

    source: DataSource
    registry: Registry
    _key: Layout = field(init=False)
    _value: Layout = field(init=False)

    def __post_init__(self) -> None:
        self._key, self._value = layouts_of(self.source)
        self._schema = lru_cache(maxsize=256)(self.registry.schema)

    def read(self, record: Record) -> Row:
        """Return a record's columns."""
        key, value = record.key, record.value
        bare, window = self._split(key)
        keys = decode(self._key, bare, self._by_id)
        values = None if value is None else decode(self._value, value, self._by_id)
        return Row(keys or {}, values, record.timestamp, window, record.partition, record.offset)

    def _split(self, key: bytes | None) -> tuple[bytes | None, tuple[int, int] | None]:
        """Return the key without its window, and the window's bounds."""
        if key is None or self.source.window_type is None:
            return key, None
        is_session = self.source.window_type == "SESSION"
        split = len(key) - (2 if is_session else 1) * _BOUND.size
        if split < 0:
            raise Undecodable("too short for a windowed key")
        start = _BOUND.unpack_from(key, len(key) - _BOUND.size)[0]
        size = self.source.window_size_ms or 0
        end = _BOUND.unpack_from(key, split)[0] if is_session else start + size
        return key[:split], (start, end)

    def _by_id(self, schema_id: int) -> str | None:
        try:
            return self._schema(schema_id)
        except ServerProblem as error:
            raise Undecodable(error.message) from error


def decode(layout: Layout, data: bytes | None, schema_by_id: avro_format.SchemaById) -> dict[str, Any] | None:
    """Return the columns of one side of a record."""
    if data is None or not layout.columns or layout.format == "NONE":
        return None
    match layout.format:
        case "KAFKA":
            return plain.decode_kafka(layout.columns, data)
        case "DELIMITED":
            return plain.decode_delimited(layout.columns, data, layout.delimiter)
        case "AVRO":
            return avro_format.decode_avro(layout.columns, data, schema_by_id)
        case "JSON" if layout.wrap or len(layout.columns) > 1:
            return json_format.decode_json(layout.columns, data)
        case "JSON":
            return json_format.decode_bare_json(layout.columns[0], data)
    raise Undecodable(f"cannot read format {layout.format}")


@dataclass(frozen=True)
class RecordWriter:
    """Writes records of one source."""

    source: DataSource
    registry: Registry

    def write(self, values: Mapping[str, Any]) -> tuple[bytes | None, bytes | None]:
        """Return key and value bytes of a row; Unencodable when they cannot be written."""
        key, value = layouts_of(self.source)
        return self._encode(key, values), self._encode(value, values)

    def _encode(self, layout: Layout, values: Mapping[str, Any]) -> bytes | None:
        is_key = layout.subject.endswith("-key")
        if not layout.columns or layout.format == "NONE":
            return None
        if is_key and all(values.get(column.name) is None for column in layout.columns):
            return None
        match layout.format:
            case "KAFKA":
                return plain.encode_kafka(layout.columns, values)
            case "DELIMITED":
                return plain.encode_delimited(layout.columns, values, layout.delimiter)
            case "JSON" if layout.wrap or len(layout.columns) > 1:
                return json_format.encode_json(layout.columns, values)
            case "JSON":
                return json_format.encode_bare_json(layout.columns[0], values)
            case "AVRO":
                return self._avro(layout, values)
        raise Unencodable(f"cannot write format {layout.format}")

    def _avro(self, layout: Layout, values: Mapping[str, Any]) -> bytes:
        schema_id = self.registry.latest_id(layout.subject)
        schema = self.registry.latest(layout.subject)
        if schema_id is None or schema is None:
            raise Unencodable(f"no schema is registered under '{layout.subject}'")
        return avro_format.encode_avro(layout.columns, values, schema, schema_id)
