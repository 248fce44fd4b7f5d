"""CAST between plain types, and the text of dates and times."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import sql_type
from ksqlflink.evaluator.arithmetic import decimal, round_to, wrap
from ksqlflink.serde.json_text import dumps, java_double

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_TRUE = ("true", "yes")
_TIMESTAMP = re.compile(
    r"(?P<date>\d{4}(?:-\d{2}(?:-\d{2})?)?)"
    r"(?:T(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
Convert = Callable[[Any], Any]


class NoCast(Exception):
    """A CAST the server does not do itself."""


def literal(value: Any, kind: t.SqlType | None) -> Any:
    """Return the column value of a literal of the plan's JSON."""
    if value is None or kind is None:
        return None
    if isinstance(kind, t.Decimal):
        return Decimal(str(value))
    if kind in (t.INTEGER, t.BIGINT, t.DATE, t.TIME, t.TIMESTAMP):
        return int(value)
    if kind == t.DOUBLE:
        return float(value)
    return base64.b64decode(value) if kind == t.BYTES else value


def text_or_null(value: Any) -> str:
    """Return what Java's string concatenation shows of a value."""
    return "null" if value is None else str(value)


def cast(source: t.SqlType | None, target: t.SqlType) -> Convert:
    """Return the conversion of values that are not null; NoCast names one that is not there."""
    if source is None or source == target:
        return lambda value: value
    if target == t.STRING:
        return lambda value: to_text(value, source)
    if isinstance(target, t.Decimal):
        return lambda value: fitted(decimal(_number_text(value)), target)
    if (structured := _structured(source, target)) is not None:
        return structured
    convert = _CASTS.get((source if not isinstance(source, t.Decimal) else t.DOUBLE, target))
    if convert is None:
        kinds = f"{sql_type(source)} to {sql_type(target)}"
        raise NoCast(f"CAST of {kinds} in a query that the server answers itself")
    return convert


def _structured(source: t.SqlType, target: t.SqlType) -> Convert | None:
    """Return the conversion of arrays, maps and structs: item by item, field by name."""
    match source, target:
        case t.Array(item), t.Array(wanted):
            convert = _or_null(item, wanted)
            return lambda value: [convert(one) for one in value]
        case t.Map(key, item), t.Map(wanted_key, wanted):
            to_key, to_item = _or_null(key, wanted_key), _or_null(item, wanted)
            return lambda value: {to_key(name): to_item(one) for name, one in value.items()}
        case t.Struct(fields), t.Struct(wanted_fields):
            have = dict(fields)
            converts = {name: _or_null(have.get(name), kind) for name, kind in wanted_fields}
            return lambda value: {name: convert(value.get(name)) for name, convert in converts.items()}
    return None


def _or_null(source: t.SqlType | None, target: t.SqlType) -> Convert:
    convert = cast(source, target)
    return lambda value: None if value is None else convert(value)


def fitted(value: Decimal, kind: t.Decimal) -> Decimal:
    """Return a number with the scale of a type; ArithmeticError when it has too many digits for it."""
    if abs(value) >= Decimal(1).scaleb(kind.precision - kind.scale):
        raise ArithmeticError(f"Numeric field overflow: {value:f} as {sql_type(kind)}")
    return round_to(value, kind.scale)


def _number_text(value: Any) -> Any:
    return Decimal(value.strip()) if isinstance(value, str) else value


def to_text(value: Any, kind: t.SqlType | None) -> str:
    """Return the text that CAST AS VARCHAR gives."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return java_double(value)
        case Decimal():
            return format(value, "f")
        case list() | dict():
            return _structured_text(value, kind)
    if kind == t.TIMESTAMP:
        return timestamp_text(value)
    if kind == t.DATE:
        return date_text(value)
    return time_text(value) if kind == t.TIME else str(value)


def _structured_text(value: Any, kind: t.SqlType | None) -> str:
    """Return what Java shows of a List, a Map or Connect's Struct."""
    match kind:
        case t.Array(item):
            return f"[{', '.join(_part(one, item) for one in value)}]"
        case t.Map(key, item):
            return f"{{{', '.join(f'{_part(k, key)}={_part(v, item)}' for k, v in value.items())}}}"
        case t.Struct(fields):
            known = ((name, item) for name, item in fields if value[name] is not None)
            return f"Struct{{{','.join(f'{name}={to_text(value[name], item)}' for name, item in known)}}}"
    return dumps(value)


def _part(value: Any, kind: t.SqlType) -> str:
    return "null" if value is None else to_text(value, kind)


def timestamp_text(milliseconds: int) -> str:
    """Return a TIMESTAMP as ksqlDB shows it: 2024-03-01T10:00:00.000."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}"


def date_text(days: int) -> str:
    """Return a DATE as ksqlDB shows it: 2024-03-01."""
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def time_text(milliseconds: int) -> str:
    """Return a TIME as ksqlDB shows it: 10:15 or 10:15:30, in whole seconds."""
    seconds = milliseconds // 1000
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return f"{text}:{seconds % 60:02d}" if seconds % 60 else text


def parse_timestamp(text: str) -> int:
    """Return the milliseconds of an ISO text, in UTC unless it has a zone; its end may be missing."""
    found = _TIMESTAMP.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"Failed to parse timestamp '{text}': Required format is: yyyy-MM-dd'T'HH:mm:ss.SSS[zone]"
        )
    year, month, day = (*(int(part) for part in found["date"].split("-")), 1, 1)[:3]
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(found["zone"]))
    fraction = int((found["fraction"] or "").ljust(3, "0")[:3])
    return int((moment - _EPOCH) / timedelta(milliseconds=1)) + fraction


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return timezone.utc  # noqa: UP017 - a timezone, as the other branch gives
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def parse_date(text: str) -> int:
    """Return the days since the epoch of an ISO date, or of the date of an ISO timestamp."""
    year, month, day = (*text.strip()[:10].split("-"), "01", "01")[:3]
    return (date.fromisoformat(f"{year}-{month}-{day}") - date(1970, 1, 1)).days


def parse_time(text: str) -> int:
    """Return the milliseconds of the day of an ISO time."""
    return parse_timestamp(f"1970-01-01T{text.strip()}")


def _integer(bits: int) -> Convert:
    return lambda value: wrap(int(value), bits)


def _saturated(bits: int) -> Convert:
    """Return Java's conversion of a double, which ends at the limits; a decimal loses its upper bits."""
    limit = 1 << (bits - 1)
    wrapped = _integer(bits)

    def convert(value: Any) -> int:
        if not isinstance(value, float):
            return int(wrapped(value))
        return 0 if math.isnan(value) else int(max(-limit, min(limit - 1, value)))

    return convert


def _parsed_integer(bits: int) -> Convert:
    def convert(text: str) -> int:
        value = int(text.strip())
        if wrap(value, bits) != value:
            raise ValueError(f"{text} is out of range")
        return value

    return convert


def _boolean(text: str) -> bool:
    """Return whether a text is a beginning of true or yes."""
    word = text.strip().lower()
    return word != "" and any(true.startswith(word) for true in _TRUE)


_CASTS: dict[tuple[t.SqlType, t.SqlType], Convert] = {
    (t.BIGINT, t.INTEGER): _integer(32),
    (t.INTEGER, t.BIGINT): _integer(64),
    (t.DOUBLE, t.INTEGER): _saturated(32),
    (t.DOUBLE, t.BIGINT): _saturated(64),
    **{(kind, t.DOUBLE): float for kind in (t.INTEGER, t.BIGINT, t.DOUBLE, t.STRING)},
    (t.STRING, t.INTEGER): _parsed_integer(32),
    (t.STRING, t.BIGINT): _parsed_integer(64),
    (t.STRING, t.BOOLEAN): _boolean,
    (t.STRING, t.BYTES): lambda text: base64.b64decode(text.strip(), validate=True),
    (t.STRING, t.TIMESTAMP): parse_timestamp,
    (t.STRING, t.DATE): parse_date,
    (t.STRING, t.TIME): parse_time,
    (t.TIMESTAMP, t.DATE): lambda value: value // _DAY_MS,
    (t.TIMESTAMP, t.TIME): lambda value: value % _DAY_MS,
    (t.DATE, t.TIMESTAMP): lambda value: value * _DAY_MS,
}
