"""Functions of numbers, with Java's results where a number is outside of what they are defined for."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any

from ksqlflink.evaluator.strict import Function, null_safe

_EARTH = {"km": 6371, "mi": 3959}
_UNITS = {
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres"), "km"),
    **dict.fromkeys(("mi", "mile", "miles"), "mi"),
}


def _double(function: Callable[..., float]) -> Function:
    """Return a function of doubles: NaN where it is not defined, infinite where it is too large."""

    def of(*arguments: Any) -> float:
        try:
            return function(*(float(argument) for argument in arguments))
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return null_safe(of)


def _ln(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


def _log(base: float, value: float | None = None) -> float:
    if value is None:
        return _ln(base)
    return math.nan if base <= 0 or base == 1 else _ln(value) / _ln(base)


def _cot(value: float) -> float:
    sine = math.sin(value)
    return math.copysign(math.inf, sine) if sine == 0 else math.cos(value) / sine


def _power(base: float, exponent: float) -> float:
    if base == 0 and exponent < 0:
        return math.inf
    return math.pow(base, exponent)


def _cbrt(value: float) -> float:
    root = math.copysign(abs(value) ** (1 / 3), value)
    return float(round(root)) if round(root) ** 3 == value else root


def _trunc(value: Any, digits: int | None = None) -> Any:
    if isinstance(value, int):
        return value
    number = Decimal(repr(value) if isinstance(value, float) else value)
    cut = number.quantize(Decimal(1).scaleb(-(digits or 0)), rounding=ROUND_DOWN)
    if isinstance(value, float):
        return int(cut) if digits is None else float(cut)
    return cut if digits is None else cut.quantize(number)


def _series(start: int, end: int, step: int | None = None) -> list[int]:
    by = (1 if end > start else -1) if step is None else step
    if by == 0 or (end > start and by < 0) or (end < start and by > 0):
        raise ValueError("GENERATE_SERIES step has wrong sign or is zero")
    return list(range(start, end + (1 if by > 0 else -1), by))


def _distance(lat1: float, lon1: float, lat2: float, lon2: float, unit: str | None = None) -> float:
    for value, limit in ((lat1, 90), (lat2, 90), (lon1, 180), (lon2, 180)):
        if abs(value) > limit:
            raise ValueError(f"not between -{limit} and {limit} degrees: {value}")
    near = _haversine(lat2 - lat1) + _haversine(lon2 - lon1) * math.cos(math.radians(lat1)) * math.cos(
        math.radians(lat2)
    )
    return 2 * math.asin(math.sqrt(near)) * _EARTH[_UNITS[(unit or "km").strip().lower() or "km"]]


def _haversine(degrees: float) -> float:
    return math.sin(math.radians(degrees) / 2) ** 2


def _extreme(best: Callable[..., Any]) -> Function:
    def of(*arguments: Any) -> Any:
        known = [argument for argument in arguments if argument is not None]
        return best(known) if known else None

    return of


NUMBERS: dict[str, Function] = {
    "ACOS": _double(math.acos),
    "ASIN": _double(math.asin),
    "ATAN": _double(math.atan),
    "ATAN2": _double(math.atan2),
    "CBRT": _double(_cbrt),
    "COS": _double(math.cos),
    "COSH": _double(math.cosh),
    "COT": _double(_cot),
    "DEGREES": _double(math.degrees),
    "EXP": _double(math.exp),
    "LN": _double(_ln),
    "LOG": _double(_log),
    "POWER": _double(_power),
    "RADIANS": _double(math.radians),
    "SIN": _double(math.sin),
    "SINH": _double(math.sinh),
    "SQRT": _double(math.sqrt),
    "TAN": _double(math.tan),
    "TANH": _double(math.tanh),
    "PI": lambda: math.pi,
    "RANDOM": random.random,
    "SIGN": null_safe(lambda value: (value > 0) - (value < 0)),
    "TRUNC": null_safe(_trunc),
    "GENERATE_SERIES": _series,
    "GEO_DISTANCE": _distance,
    "GREATEST": _extreme(max),
    "LEAST": _extreme(min),
}
