"""The scalar functions by name, and those that pull queries use most."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ksqlflink.evaluator.collections_and_json import COLLECTIONS
from ksqlflink.evaluator.lambdas import LAMBDA_FUNCTIONS
from ksqlflink.evaluator.numbers import NUMBERS
from ksqlflink.evaluator.strict import Function, null_safe
from ksqlflink.evaluator.texts import TEXTS
from ksqlflink.evaluator.time_functions import TIMES

_UUID_BYTES = 16


def _substring(text: str, start: int, length: int | None = None) -> str:
    begin = max(start - 1, 0) if start >= 0 else max(len(text) + start, 0)
    return text[begin:] if length is None else text[begin : begin + max(length, 0)]


def _round(value: Any, digits: int | None = None) -> Any:
    """Round halves towards positive infinity; a double without digits becomes a BIGINT."""
    if isinstance(value, int):
        return value
    if digits is None:
        whole = math.floor(Decimal(repr(value) if isinstance(value, float) else value) + Decimal("0.5"))
        return whole if isinstance(value, float) else Decimal(whole)
    number = Decimal(repr(value) if isinstance(value, float) else value)
    unit = Decimal(1).scaleb(-digits)
    rounded = ((number / unit) + Decimal("0.5")).to_integral_value(rounding=ROUND_FLOOR) * unit
    return float(rounded) if isinstance(value, float) else rounded.quantize(number)


def _whole(toward: Callable[[Any], int]) -> Function:
    def function(value: Any) -> Any:
        if isinstance(value, Decimal):
            return Decimal(toward(value)).quantize(value)
        return value if isinstance(value, int) else float(toward(value))

    return null_safe(function)


def _unix_timestamp(moment: int | None = None) -> int:
    return int(time.time() * 1000) if moment is None else moment


def _concat(*parts: Any) -> Any:
    known = [part for part in parts if part is not None]
    return b"".join(known) if known and isinstance(known[0], bytes) else "".join(known)


def _instr(text: str | None, part: str | None, position: int = 1, occurrence: int = 1) -> int:
    """Return where a part is found, counted from 1; a negative position searches backwards from the end."""
    if text is None or part is None or position == 0 or abs(position) > len(text) or occurrence < 1:
        return 0
    found = position - 2 if position > 0 else len(text) + position + 2 - len(part)
    for _ in range(occurrence):
        if position > 0:
            found = text.find(part, found + 1)
        else:
            found = -1 if found < 1 else text.rfind(part, 0, found - 1 + len(part))
        if found < 0:
            return 0
    return found + 1


def _pad(text: Any, size: int, padding: Any, left: bool) -> Any:
    if size < 0 or not padding:
        return None
    filling = (padding * size)[: max(size - len(text), 0)]
    return filling + text[:size] if left else text[:size] + filling


def _uuid(value: bytes | None = None, *, given: bool = True) -> str | None:
    if not given:
        return str(uuid.uuid4())
    return str(uuid.UUID(bytes=value)) if value is not None and len(value) == _UUID_BYTES else None


def _split(text: Any, delimiter: Any) -> list[Any]:
    if delimiter:
        return list(text.split(delimiter))
    return [text[i : i + 1] for i in range(len(text))] or [text]


FUNCTIONS: dict[str, Function] = {
    **NUMBERS,
    **TEXTS,
    **TIMES,
    **COLLECTIONS,
    **LAMBDA_FUNCTIONS,
    "UCASE": null_safe(str.upper),
    "LCASE": null_safe(str.lower),
    "LEN": null_safe(len),
    "TRIM": null_safe(str.strip),
    "REPLACE": null_safe(lambda text, old, new: text.replace(old, new)),
    "SUBSTRING": null_safe(_substring),
    "CONCAT": _concat,
    "INSTR": _instr,
    "SPLIT": null_safe(_split),
    "LPAD": null_safe(lambda text, size, padding: _pad(text, size, padding, left=True)),
    "RPAD": null_safe(lambda text, size, padding: _pad(text, size, padding, left=False)),
    "COALESCE": lambda *options: next((option for option in options if option is not None), None),
    "IFNULL": lambda value, other: other if value is None else value,
    "NULLIF": lambda value, other: None if value == other else value,
    "ABS": null_safe(abs),
    "ROUND": null_safe(_round),
    "FLOOR": _whole(math.floor),
    "CEIL": _whole(math.ceil),
    "UNIX_TIMESTAMP": _unix_timestamp,
    "FROM_UNIXTIME": lambda value: value,
    "UNIX_DATE": lambda day=None: int(time.time() // 86400) if day is None else day,
    "FROM_DAYS": lambda value: value,
    "ARRAY_LENGTH": null_safe(len),
    "ARRAY_CONTAINS": lambda items, item: items is not None and item in items,
    "MAP_KEYS": null_safe(lambda entries: list(entries)),
    "MAP_VALUES": null_safe(lambda entries: list(entries.values())),
    "UUID": lambda *arguments: _uuid(*arguments, given=bool(arguments)),
}
