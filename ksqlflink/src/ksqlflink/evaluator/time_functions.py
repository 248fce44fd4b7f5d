"""Functions of dates, times of day and timestamps. Where ksqlDB takes its server's time zone, this is UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ksqlflink.evaluator import java_time as java
from ksqlflink.evaluator.strict import Function, null_safe

_DAY_MS = 86_400_000
_UNITS = {"MILLISECOND": 1, "SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": _DAY_MS}


def _unit(name: str) -> int:
    return _UNITS[name.upper().removesuffix("S")]


def _truncated(value: int, by: int) -> int:
    return value // by if value >= 0 else -(-value // by)


def _shift_date(sign: int) -> Callable[[str, int, int], int]:
    return lambda unit, count, day: _truncated(day * _DAY_MS + sign * count * _unit(unit), _DAY_MS)


def _shift_time(sign: int) -> Callable[[str, int, int], int]:
    return lambda unit, count, time: (time + sign * count * _unit(unit)) % _DAY_MS


def _shift_timestamp(sign: int) -> Callable[[str, int, int], int]:
    return lambda unit, count, moment: moment + sign * count * _unit(unit)


def _write(milliseconds: int, pattern: str, zone: str = "UTC") -> str:
    return java.write(pattern, java.moment(milliseconds, java.zone_of(zone)))


def _write_date(days: int, pattern: str) -> str:
    if any(part.letter and part.letter not in java.DATE_LETTERS for part in java.parts(pattern)):
        raise ValueError(f"Unsupported field of a date: {pattern}")
    return java.write(pattern, java.moment(days * _DAY_MS))


def _write_time(milliseconds: int, pattern: str) -> str:
    if any(part.letter in java.DATE_LETTERS for part in java.parts(pattern)):
        raise ValueError(f"Unsupported field of a time of day: {pattern}")
    return java.write(pattern, java.moment(milliseconds))


def _parse(text: str, pattern: str, zone: str = "UTC") -> int:
    parsed = java.read(pattern, text)
    day = java.day_of(parsed.fields)
    start = datetime(day.year, day.month, day.day) + timedelta(
        milliseconds=java.milliseconds_of(parsed.fields)
    )
    moment = start.replace(tzinfo=parsed.zone or java.zone_of(zone)).astimezone(UTC)
    return round((moment - java.moment(0)) / timedelta(milliseconds=1))


def _days(text: str, pattern: str) -> int:
    fields = java.read(pattern, text).fields
    if not ({"y", "u"} & set(fields) and ("D" in fields or ({"M", "L"} & set(fields) and "d" in fields))):
        raise ValueError(f"Text '{text}' could not be parsed: no whole date")
    return (java.day_of(fields) - java.moment(0).date()).days


def _parse_date(text: str, pattern: str) -> int:
    """Read a date as java.text.SimpleDateFormat does: the 32nd of January is the 1st of February."""
    fields = java.read(pattern, text, prefix=True).fields
    if any(fields.get(letter) for letter in "HkKhmsSa"):
        raise ValueError("Date format contains time field.")
    year, month = fields.get("y", fields.get("u", 1970)), fields.get("M", fields.get("L", 1)) - 1
    first = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (first - java.moment(0)).days + fields.get("d", fields.get("D", 1)) - 1


def _parse_time(text: str, pattern: str) -> int:
    fields = java.read(pattern, text).fields
    if java.DATE_LETTERS & set(fields):
        raise ValueError("Time format contains date field.")
    return java.milliseconds_of(fields)


def _convert(milliseconds: int, source: str, target: str) -> int:
    return milliseconds + _offset(milliseconds, target) - _offset(milliseconds, source)


def _offset(milliseconds: int, zone: str) -> int:
    offset: Any = java.moment(milliseconds, java.zone_of(zone)).utcoffset()
    return int(offset.total_seconds() * 1000)


TIMES: dict[str, Function] = {
    "DATEADD": null_safe(_shift_date(1)),
    "DATESUB": null_safe(_shift_date(-1)),
    "TIMEADD": null_safe(_shift_time(1)),
    "TIMESUB": null_safe(_shift_time(-1)),
    "TIMESTAMPADD": null_safe(_shift_timestamp(1)),
    "TIMESTAMPSUB": null_safe(_shift_timestamp(-1)),
    "FORMAT_TIMESTAMP": null_safe(_write),
    "TIMESTAMPTOSTRING": null_safe(_write),
    "FORMAT_DATE": null_safe(_write_date),
    "DATETOSTRING": null_safe(_write_date),
    "FORMAT_TIME": null_safe(_write_time),
    "PARSE_TIMESTAMP": null_safe(_parse),
    "STRINGTOTIMESTAMP": null_safe(_parse),
    "PARSE_DATE": null_safe(_parse_date),
    "STRINGTODATE": null_safe(_days),
    "PARSE_TIME": null_safe(_parse_time),
    "CONVERT_TZ": null_safe(_convert),
}
