"""Typed expressions: what the plan carries, and ksqlDB's type rules for numbers, casts and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ksqlflink.catalogue.codec import type_to_json
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import sql_type

Json = dict[str, Any]


class TypeProblem(Exception):
    """An expression ksqlDB refuses; `statement` is the part of it that ksqlDB names behind the message."""

    def __init__(self, message: str, statement: str | None = None) -> None:
        super().__init__(message)
        self.message = message if statement is None else f"{message}\nStatement: {statement}"


@dataclass(frozen=True)
class Typed:
    """An expression of the plan and its type; the type is None for the literal NULL only."""

    type: t.SqlType | None
    json: Json

    def known(self) -> t.SqlType:
        """Return the type; TypeProblem for NULL."""
        if self.type is None:
            raise TypeProblem(
                "Can't infer a type of null. Please explicitly cast it to a required type, "
                "e.g. CAST(null AS VARCHAR)."
            )
        return self.type


def node(op: str, kind: t.SqlType | None, args: list[Typed] | None = None, **members: Any) -> Typed:
    """Return an expression of the plan."""
    json: Json = {"op": op, "type": None if kind is None else type_to_json(kind)}
    if args is not None:
        json["args"] = [argument.json for argument in args]
    return Typed(kind, {**json, **members})


def column(name: str, kind: t.SqlType) -> Typed:
    """Return a reference to a column of the row."""
    return node("column", kind, name=name)


def literal(value: Any, kind: t.SqlType | None) -> Typed:
    """Return a literal; BIGINT and DECIMAL values are text."""
    return node("literal", kind, value=value)


def cast(value: Typed, kind: t.SqlType) -> Typed:
    """Return the value as another type; itself where it has that type, or none."""
    return value if value.type is None or value.type == kind else node("cast", kind, [value])


def shown(kind: t.SqlType | None) -> str:
    """Return a type as ksqlDB names it in messages."""
    return "null" if kind is None else sql_type(kind, quote_all=True)


def base(kind: t.SqlType | None) -> str:
    """Return a type's name without its parameters."""
    match kind:
        case None:
            return "NULL"
        case t.Primitive(name):
            return name
    return type(kind).__name__.upper()


# -- numbers ------------------------------------------------------------------------------------------------

_WIDTH = {"INTEGER": 0, "BIGINT": 1, "DECIMAL": 2, "DOUBLE": 3}
_DIGITS: dict[t.SqlType, int] = {t.INTEGER: 10, t.BIGINT: 19}
_SMALLEST_QUOTIENT_SCALE = 6


def is_number(kind: t.SqlType | None) -> bool:
    """Tell whether a type is numeric."""
    return base(kind) in _WIDTH


def widens(source: t.SqlType, target: t.SqlType) -> bool:
    """Tell whether ksqlDB turns a value into that type without being asked."""
    if source == target:
        return True
    if isinstance(source, t.Decimal) and isinstance(target, t.Decimal):
        whole = target.precision - target.scale
        return source.scale <= target.scale and source.precision - source.scale <= whole
    if is_number(source) and is_number(target):
        return _WIDTH[base(source)] < _WIDTH[base(target)]
    return False


def as_decimal(kind: t.SqlType) -> t.Decimal:
    """Return the DECIMAL that holds every value of an INTEGER, BIGINT or DECIMAL type."""
    return kind if isinstance(kind, t.Decimal) else t.Decimal(_DIGITS[kind], 0)


def wider(left: t.SqlType, right: t.SqlType) -> t.SqlType | None:
    """Return the smallest numeric type that holds both, None if one is not a number."""
    if not (is_number(left) and is_number(right)):
        return None
    if t.DOUBLE in (left, right):
        return t.DOUBLE
    if isinstance(left, t.Decimal) or isinstance(right, t.Decimal):
        one, other = as_decimal(left), as_decimal(right)
        scale = max(one.scale, other.scale)
        return t.Decimal(max(one.precision - one.scale, other.precision - other.scale) + scale, scale)
    return max(left, right, key=lambda kind: _WIDTH[base(kind)])


def arithmetic(operator: str, left: t.SqlType | None, right: t.SqlType | None) -> t.SqlType:
    """Return the type of `left operator right`; TypeProblem when ksqlDB knows no such operation."""
    if left is None or right is None:
        raise TypeProblem(f"Arithmetic on types {shown(left)} and {shown(right)} are not supported.")
    if operator == "+" and (left, right) == (t.STRING, t.STRING):
        return t.STRING
    common = wider(left, right)
    if common is None:
        raise TypeProblem(f"Unsupported arithmetic types. {base(left)} {base(right)}")
    if not isinstance(common, t.Decimal):
        return common
    return _decimal_arithmetic(operator, as_decimal(left), as_decimal(right))


def _decimal_arithmetic(operator: str, left: t.Decimal, right: t.Decimal) -> t.Decimal:
    scale = max(left.scale, right.scale)
    wholes = left.precision - left.scale, right.precision - right.scale
    match operator:
        case "*":
            return t.Decimal(left.precision + right.precision + 1, left.scale + right.scale)
        case "/":
            quotient = max(_SMALLEST_QUOTIENT_SCALE, left.scale + right.precision + 1)
            return t.Decimal(wholes[0] + right.scale + quotient, quotient)
        case "%":
            return t.Decimal(min(wholes) + scale, scale)
    return t.Decimal(scale + max(wholes) + 1, scale)


def decimal_of(text: str) -> t.Decimal:
    """Return the type of a DECIMAL literal: 1.5 is DECIMAL(2, 1), 0.05 is DECIMAL(3, 2)."""
    whole, _, fraction = text.partition(".")
    return t.Decimal(max(1, len(whole.lstrip("0"))) + len(fraction), len(fraction))


# -- comparisons and casts ----------------------------------------------------------------------------------

_TIMES = ("DATE", "TIME", "TIMESTAMP")
_COMPARABLE = {
    "STRING": ("STRING", *_TIMES),
    "TIME": ("TIME", "STRING"),
    "DATE": ("DATE", "TIMESTAMP", "STRING"),
    "TIMESTAMP": ("DATE", "TIMESTAMP", "STRING"),
    "BYTES": ("BYTES",),
}
_EQUALITY_ONLY = ("BOOLEAN", "ARRAY", "MAP", "STRUCT")
_EQUALITIES = ("=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
_CASTS = {
    "BOOLEAN": ("STRING",),
    "INTEGER": ("BIGINT", "DECIMAL", "DOUBLE", "STRING"),
    "BIGINT": ("INTEGER", "DECIMAL", "DOUBLE", "STRING"),
    "DECIMAL": ("INTEGER", "BIGINT", "DECIMAL", "DOUBLE", "STRING"),
    "DOUBLE": ("INTEGER", "BIGINT", "DECIMAL", "STRING"),
    "STRING": ("BOOLEAN", "INTEGER", "BIGINT", "DECIMAL", "DOUBLE", *_TIMES),
    "TIME": ("STRING",),
    "DATE": ("TIMESTAMP", "STRING"),
    "TIMESTAMP": ("TIME", "DATE", "STRING"),
    "ARRAY": ("STRING",),
    "MAP": ("STRING",),
    "STRUCT": ("STRING",),
}


def comparable(left: t.SqlType, operator: str, right: t.SqlType) -> bool:
    """Tell whether ksqlDB compares these types with that operator."""
    one, other = base(left), base(right)
    if one in _WIDTH:
        return other in _WIDTH
    if one in _EQUALITY_ONLY:
        return one == other and operator in _EQUALITIES
    return other in _COMPARABLE.get(one, ())


def aligned(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Return both sides of a comparison, a DATE beside a TIMESTAMP as one.

    Text beside a time stays text: it is read when it is compared, and that fails if it is no time.
    """
    if {left.type, right.type} != {t.DATE, t.TIMESTAMP}:
        return left, right
    return cast(left, t.TIMESTAMP), cast(right, t.TIMESTAMP)


def castable(source: t.SqlType, target: t.SqlType) -> bool:
    """Tell whether ksqlDB has a CAST from one type to the other."""
    if source == target:
        return True
    match source, target:
        case t.Array(inner), t.Array(wanted):
            return castable(inner, wanted)
        case t.Map(key, value), t.Map(wanted_key, wanted_value):
            return castable(key, wanted_key) and castable(value, wanted_value)
        case t.Struct(fields), t.Struct(wanted_fields):
            have = dict(fields)
            return all(name not in have or castable(have[name], kind) for name, kind in wanted_fields)
    return base(target) in _CASTS.get(base(source), ())
