"""JSON text as ksqlDB's server writes it: compact, doubles as Java prints them, decimals with all digits."""

from __future__ import annotations

import base64
import json
import math
from decimal import Decimal
from typing import Any

_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7  # Java writes doubles outside of this range with an exponent


def java_double(value: float) -> str:
    """Return a double as Java's Double.toString does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else f"{text}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def dumps(value: Any) -> str:
    """Return a value as JSON text."""
    match value:
        case Decimal():
            return format(value, "f")
        case float():
            text = java_double(value)
            return text if math.isfinite(value) else f'"{text}"'
        case bytes():
            return f'"{base64.b64encode(value).decode()}"'
        case list() | tuple():
            return f"[{','.join(map(dumps, value))}]"
        case dict():
            return f"{{{','.join(f'{_key(name)}:{dumps(item)}' for name, item in value.items())}}}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _key(name: Any) -> str:
    return json.dumps(
        name if isinstance(name, str) else "null" if name is None else dumps(name), ensure_ascii=False
    )
