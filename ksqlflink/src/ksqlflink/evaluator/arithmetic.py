"""Java's and ksqlDB's arithmetic: integers wrap and truncate, decimals take the scale of the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from typing import Any

from ksqlflink.dialect import types as t

_CONTEXT = Context(prec=80, rounding=ROUND_HALF_UP)
# ksqlDB's decimal arithmetic never rounds: 10.0 / 3.0 fails, and the column is null.
_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero])


def operation(symbol: str, kind: t.SqlType | None) -> Callable[[Any, Any], Any]:
    """Return the function of an operator whose result is of a type; its arguments are not null."""
    if isinstance(kind, t.Decimal):
        unit = Decimal(1).scaleb(-kind.scale)
        return lambda left, right: _decimal(symbol, decimal(left), decimal(right)).quantize(
            unit, context=_EXACT
        )
    if kind == t.DOUBLE:
        return lambda left, right: _double(symbol, float(left), float(right))
    bits = 32 if kind == t.INTEGER else 64
    return lambda left, right: wrap(_integer(symbol, int(left), int(right)), bits)


def decimal(value: Any) -> Decimal:
    """Return a number as a decimal; a double by its shortest text."""
    return (
        value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    )


def round_to(value: Decimal, scale: int) -> Decimal:
    """Return a decimal with that many digits after the point, halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-scale), context=_CONTEXT)


def wrap(value: int, bits: int) -> int:
    """Return the integer that is left when the upper bits are lost."""
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def _integer(symbol: str, left: int, right: int) -> int:
    match symbol:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    quotient = abs(left) // abs(right)
    quotient = quotient if (left < 0) == (right < 0) else -quotient
    return quotient if symbol == "/" else left - quotient * right


def _double(symbol: str, left: float, right: float) -> float:
    match symbol:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        return math.nan if symbol == "%" or left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return left / right if symbol == "/" else math.fmod(left, right)


def _decimal(symbol: str, left: Decimal, right: Decimal) -> Decimal:
    match symbol:
        case "+":
            return _EXACT.add(left, right)
        case "-":
            return _EXACT.subtract(left, right)
        case "*":
            return _EXACT.multiply(left, right)
        case "/":
            return _EXACT.divide(left, right)
    return _EXACT.remainder(left, right)
