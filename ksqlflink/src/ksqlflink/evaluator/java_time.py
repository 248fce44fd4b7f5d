"""Java's date and time patterns (java.time.format.DateTimeFormatter): writing and reading."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT, _FULL, _NARROW = 3, 4, 5
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?")
# The letters of a date; a TIME is not written with them.
DATE_LETTERS = frozenset("yuMLdDE")

Fields = Mapping[str, int]


@dataclass(frozen=True)
class Part:
    """A letter of a pattern with its count, or a text (letter '')."""

    letter: str
    count: int
    text: str = ""


@cache
def parts(pattern: str) -> tuple[Part, ...]:
    """Return the parts of a pattern; ValueError for one that Java refuses or that is not known here."""
    found: list[Part] = []
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise ValueError(f"Pattern ends with an incomplete string literal: {pattern}")
        position = match.end()
        found.append(_part(match))
    return tuple(found)


def _part(match: re.Match[str]) -> Part:
    if match[2]:
        if match[2] not in _WRITERS:
            raise ValueError(f"Unknown pattern letter: {match[2]}")
        return Part(match[2], len(match[0]))
    if match[1] is None and set(match[0]) & set("{}#[]"):
        raise ValueError(f"Pattern includes a reserved character: {match[0]}")
    text = match[0] if match[1] is None else match[1].replace("''", "'") or "'"
    return Part("", 0, text)


# -- writing ------------------------------------------------------------------------------------------------


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name or its offset; ValueError or KeyError if there is none."""
    if name in ("Z", "UTC", "GMT"):
        return UTC
    if offset := _OFFSET.fullmatch(name):
        return _fixed(offset)
    return ZoneInfo(name)


def _fixed(offset: re.Match[str]) -> timezone:
    minutes = int(offset[2]) * 60 + int(offset[3] or 0)
    return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))


def moment(milliseconds: int, zone: tzinfo = UTC) -> datetime:
    """Return the moment of milliseconds since 1970 in a time zone."""
    return (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone)


def write(pattern: str, when: datetime) -> str:
    """Return a moment written in a pattern."""
    return "".join(
        part.text if not part.letter else _WRITERS[part.letter](when, part.count) for part in parts(pattern)
    )


def _number(value: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda when, count: str(value(when)).rjust(count, "0")


def _year(when: datetime, count: int) -> str:
    return f"{when.year % 100:02d}" if count == 2 else str(when.year).rjust(count, "0")


def _named(names: tuple[str, ...], index: int, count: int) -> str:
    name = names[index]
    return name if count == _FULL else name[:1] if count == _NARROW else name[:_SHORT]


def _month(when: datetime, count: int) -> str:
    return _named(_MONTHS, when.month - 1, count) if count >= _SHORT else str(when.month).rjust(count, "0")


def _offset(zero: str) -> Callable[[datetime, int], str]:
    def written(when: datetime, count: int) -> str:
        minutes = int((when.utcoffset() or timedelta()).total_seconds()) // 60
        if minutes == 0 and zero:
            return zero
        hours, rest = divmod(abs(minutes), 60)
        sign = "-" if minutes < 0 else "+"
        if count == 1:
            return f"{sign}{hours:02d}" + (f"{rest:02d}" if rest else "")
        return f"{sign}{hours:02d}{':' if count in (_SHORT, _NARROW) else ''}{rest:02d}"

    return written


def _rfc_offset(when: datetime, count: int) -> str:
    return _offset("Z")(when, count) if count == _NARROW else _offset("")(when, 2)


_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "u": _year,
    "M": _month,
    "L": _month,
    "d": _number(lambda when: when.day),
    "D": _number(lambda when: when.timetuple().tm_yday),
    "H": _number(lambda when: when.hour),
    "k": _number(lambda when: when.hour or 24),
    "K": _number(lambda when: when.hour % 12),
    "h": _number(lambda when: when.hour % 12 or 12),
    "m": _number(lambda when: when.minute),
    "s": _number(lambda when: when.second),
    "S": lambda when, count: f"{when.microsecond:06d}000"[:count],
    "a": lambda when, _: "AM" if when.hour < 12 else "PM",
    "E": lambda when, count: _named(_DAYS, when.weekday(), count),
    "X": _offset("Z"),
    "x": _offset(""),
    "Z": _rfc_offset,
    "V": lambda when, _: "Z" if when.tzinfo is UTC else str(when.tzinfo),
    "z": lambda when, _: when.tzname() or "",
}


# -- reading ------------------------------------------------------------------------------------------------

_NAMES = {"M": _MONTHS, "L": _MONTHS, "E": _DAYS}
_ZONES = {"X": r"Z|[+-]\d{2}(?::?\d{2})?", "x": r"[+-]\d{2}(?::?\d{2})?", "Z": r"Z|[+-]\d{2}:?\d{2}"}


@dataclass(frozen=True)
class Parsed:
    """What a text says: numbers by letter, and the time zone it names."""

    fields: Fields
    zone: tzinfo | None


def read(pattern: str, text: str, *, prefix: bool = False) -> Parsed:
    """Return what a text in a pattern says; ValueError if it is not in it.

    `prefix` reads as java.text.SimpleDateFormat does: any number of digits, and what follows is ignored.
    """
    listed = parts(pattern)
    expression = _reader(pattern, prefix)
    match = expression.match(text) if prefix else expression.fullmatch(text)
    if match is None:
        raise ValueError(f"Text '{text}' could not be parsed at index 0")
    fields: dict[str, int] = {}
    zone = None
    for index, part in enumerate(listed):
        if part.letter in ("X", "x", "Z", "V", "z"):
            zone = zone_of(match[f"p{index}"])
        elif part.letter:
            fields[part.letter] = _value(part, match[f"p{index}"])
    return Parsed(fields, zone)


@cache
def _reader(pattern: str, prefix: bool) -> re.Pattern[str]:
    listed = parts(pattern)
    texts = []
    for index, part in enumerate(listed):
        following = listed[index + 1].letter if index + 1 < len(listed) else ""
        adjacent = following not in ("", "a", "X", "x", "Z", "V", "z", "E")
        texts.append(f"(?P<p{index}>{_expression(part, prefix and not adjacent)})")
    return re.compile("".join(texts), re.IGNORECASE)


def _expression(part: Part, lenient: bool) -> str:
    if not part.letter:
        return re.escape(part.text)
    if part.letter in _ZONES:
        return _ZONES[part.letter]
    if part.letter in ("V", "z"):
        return r"[A-Za-z][A-Za-z0-9~/._+-]*|[+-]\d{2}:\d{2}"
    if part.letter == "a":
        return "AM|PM"
    if part.letter == "E" or (part.letter in _NAMES and part.count >= _SHORT):
        cut = None if part.count == _FULL else _SHORT
        return "|".join(name[:cut] for name in _NAMES[part.letter])
    return r"\d+" if lenient or part.count == 1 else rf"\d{{{part.count}}}"


def _value(part: Part, text: str) -> int:
    if part.letter == "a":
        return int(text.upper() == "PM")
    if part.letter in _NAMES and not text.isdigit():
        starts = [name[:_SHORT].lower() for name in _NAMES[part.letter]]
        return starts.index(text[:_SHORT].lower()) + 1
    if part.letter == "S":
        return int(text.ljust(9, "0")[:9]) // 1_000_000
    short_year = part.letter in ("y", "u") and part.count == 2
    return int(text) + 2000 if short_year else int(text)


def day_of(fields: Fields) -> date:
    """Return the date that fields say, 1970-01-01 where they say nothing.

    A day behind the end of its month is the last of the month.
    """
    year = fields.get("y", fields.get("u", 1970))
    if "D" in fields:
        return date(year, 1, 1) + timedelta(days=_between(fields["D"], 1, 366) - 1)
    month = _between(fields.get("M", fields.get("L", 1)), 1, 12)
    day = _between(fields.get("d", 1), 1, 31)
    return date(year, month, min(day, monthrange(year, month)[1]))


def milliseconds_of(fields: Fields) -> int:
    """Return the time of day that fields say, in milliseconds."""
    minute, second = (_between(fields.get(letter, 0), 0, 59) for letter in "ms")
    return ((_hour(fields) * 60 + minute) * 60 + second) * 1000 + fields.get("S", 0)


def _hour(fields: Fields) -> int:
    if "h" in fields or "K" in fields:
        half = _between(fields["h"], 1, 12) % 12 if "h" in fields else _between(fields["K"], 0, 11)
        # Without AM or PM it is no time of day, and Java leaves it out.
        return half + 12 * fields["a"] if "a" in fields else 0
    return _between(fields["k"], 1, 24) % 24 if "k" in fields else _between(fields.get("H", 0), 0, 23)


def _between(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"Invalid value (valid values {low} - {high}): {value}")
    return value
