"""ksqlDB's comparisons, conditions, LIKE and subscripts on values."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any


class EvaluationFailure(ValueError):
    """An expression that fails on a row; as in ksqlDB its whole column is null then, and WHERE is false."""


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparable(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) and value == value else value


def compare(symbol: str, left: Any, right: Any) -> bool:
    """Return the two-valued comparison: false when a side is null."""
    if left is None or right is None:
        return False
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        left, right = _comparable(left), _comparable(right)
    elif isinstance(left, float) or isinstance(right, float):
        # As in Java a BIGINT becomes a DOUBLE beside one, and may lose its last digits.
        left, right = float(left), float(right)
        if math.isnan(left) or math.isnan(right):
            return False
    return COMPARISONS[symbol](left, right)


def truth(value: Any) -> bool:
    """Return a condition's value; a null fails, as unboxing it does in Java."""
    if value is None:
        raise EvaluationFailure("a null where a condition is needed")
    return bool(value)


def like_pattern(like: str, escape: str | None) -> re.Pattern[str]:
    """Return the pattern of a LIKE."""
    parts, index = [], 0
    while index < len(like):
        character = like[index]
        if escape and character == escape and index + 1 < len(like):
            index += 1
            parts.append(re.escape(like[index]))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
        index += 1
    return re.compile("".join(parts), re.DOTALL)


def element(items: Any, at: Any) -> Any:
    """Return an element of an array (from 1, or from the end with a negative number) or of a map."""
    if items is None or at is None:
        return None
    if isinstance(items, dict):
        return items.get(at)
    position = at - 1 if at > 0 else at
    return items[position] if at and -len(items) <= position < len(items) else None
