"""ksqlDB's SQL types as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Primitive:
    """A type without parameters; `name` is ksqlDB's canonical one, such as INTEGER or STRING."""

    name: str


@dataclass(frozen=True)
class Decimal:
    """DECIMAL(precision, scale)."""

    precision: int
    scale: int


@dataclass(frozen=True)
class Array:
    """ARRAY<item>."""

    item: SqlType


@dataclass(frozen=True)
class Map:
    """MAP<key, value>."""

    key: SqlType
    value: SqlType


@dataclass(frozen=True)
class Struct:
    """STRUCT<name type, ...>; names carry the case they were declared with."""

    fields: tuple[tuple[str, SqlType], ...]


SqlType: TypeAlias = Primitive | Decimal | Array | Map | Struct

BOOLEAN, INTEGER, BIGINT, DOUBLE = (Primitive(name) for name in ("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE"))
STRING, BYTES = Primitive("STRING"), Primitive("BYTES")
TIME, DATE, TIMESTAMP = (Primitive(name) for name in ("TIME", "DATE", "TIMESTAMP"))

PRIMITIVES = {
    **{item.name: item for item in (BOOLEAN, INTEGER, BIGINT, DOUBLE, STRING, BYTES, TIME, DATE, TIMESTAMP)},
    "INT": INTEGER,
    "VARCHAR": STRING,
}
