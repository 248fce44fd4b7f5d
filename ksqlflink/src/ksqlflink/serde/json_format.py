"""The JSON format, as lenient in reading as ksqlDB is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect import types as t
from ksqlflink.serde.errors import Undecodable
from ksqlflink.serde.json_text import dumps


def encode_json(columns: Sequence[Column], values: Mapping[str, Any]) -> bytes:
    """Return an object with every column, null ones too."""
    return dumps({column.name: values.get(column.name) for column in columns}).encode()


def encode_bare_json(column: Column, values: Mapping[str, Any]) -> bytes:
    """Return the JSON of one column that is not wrapped in an object."""
    return dumps(values.get(column.name)).encode()


def parse_json(data: bytes) -> Any:
    """Return the JSON value; numbers with a fraction keep their digits as Decimal."""
    try:
        return json.loads(data.decode(), parse_float=Decimal)
    except ValueError as error:
        raise Undecodable(f"not JSON: {error}") from error


def decode_json(columns: Sequence[Column], data: bytes) -> dict[str, Any]:
    """Return the columns of a JSON object; names match without regard to case."""
    value = parse_json(data)
    if not isinstance(value, dict):
        raise Undecodable("not a JSON object")
    return _members(value, [(column.name, column.type) for column in columns])


def decode_bare_json(column: Column, data: bytes) -> dict[str, Any]:
    """Return one column that is not wrapped in an object."""
    return {column.name: from_json(parse_json(data), column.type)}


def _members(value: Mapping[str, Any], wanted: Sequence[tuple[str, t.SqlType]]) -> dict[str, Any]:
    upper = {name.upper(): item for name, item in value.items()}
    return {name: from_json(value.get(name, upper.get(name.upper())), kind) for name, kind in wanted}


def from_json(value: Any, kind: t.SqlType) -> Any:
    """Return the column value of a JSON value; Undecodable when ksqlDB would not take it."""
    if value is None:
        return None
    match kind:
        case t.Decimal(_, scale):
            return _decimal(value, scale)
        case t.Array(item):
            if isinstance(value, list):
                return [from_json(one, item) for one in value]
        case t.Map(_, item):
            if isinstance(value, dict):
                return {name: from_json(one, item) for name, one in value.items()}
        case t.Struct(fields):
            if isinstance(value, dict):
                return _members(value, fields)
        case _:
            return _READERS[kind](value, kind)
    raise _wrong(value, kind)


def _wrong(value: Any, kind: t.SqlType) -> Undecodable:
    return Undecodable(f"Can't convert type. sourceType: {type(value).__name__}, requiredType: {kind}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _decimal(value: Any, scale: int) -> Decimal:
    if not _is_number(value) and not isinstance(value, str):
        raise Undecodable("not a number")
    try:
        number = Decimal(str(value))
        fitted = number.quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation as error:
        raise Undecodable(f"not a number: {value}") from error
    if fitted != number:
        raise Undecodable(f"{value} has more than {scale} digits after the point")
    return fitted


def _boolean(value: Any, kind: t.SqlType) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, kind)
    return value


def _integer(value: Any, kind: t.SqlType) -> int:
    if _is_number(value):
        half = 1 << (31 if kind == t.INTEGER else 63)
        return (int(value) + half) % (2 * half) - half  # a number that is too large loses its upper bits
    if isinstance(value, str):
        return int(_parsed(int, value))
    raise _wrong(value, kind)


def _double(value: Any, kind: t.SqlType) -> float:
    if _is_number(value):
        return float(value)
    if isinstance(value, str):
        return float(_parsed(float, value))
    raise _wrong(value, kind)


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text.strip())
    except ValueError as error:
        raise Undecodable(str(error)) from error


def _string(value: Any, _: t.SqlType) -> str:
    return value if isinstance(value, str) else dumps(value)


def _time(value: Any, kind: t.SqlType) -> int:
    if _is_number(value):
        return int(value)
    if isinstance(value, str):
        return int(_parsed(int, value))
    raise _wrong(value, kind)


def _bytes(value: Any, kind: t.SqlType) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, binascii.Error) as error:
        raise _wrong(value, kind) from error


_READERS: dict[t.SqlType, Callable[[Any, t.SqlType], Any]] = {
    t.BOOLEAN: _boolean,
    t.INTEGER: _integer,
    t.BIGINT: _integer,
    t.DOUBLE: _double,
    t.STRING: _string,
    t.BYTES: _bytes,
    t.DATE: _time,
    t.TIME: _time,
    t.TIMESTAMP: _time,
}
