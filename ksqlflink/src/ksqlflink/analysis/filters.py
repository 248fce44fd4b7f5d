"""WHERE and HAVING: conditions, and the texts they may compare times with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from ksqlflink.analysis.context import Context
from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Typed, TypeProblem, shown
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t

_TIMES = ("ROWTIME", "WINDOWSTART", "WINDOWEND")
_PARTIAL = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d{1,2})(-(?P<day>\d{1,2})"
    r"(T((?P<hour>\d{1,2})(:(?P<minute>\d{1,2})(:(?P<second>\d{1,2})(\.(?P<milli>\d{1,3}))?)?)?)?)?)?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def condition(
    context: Context, row: Row, node: ast.Expression, typed: Callable[[ast.Expression], Typed], clause: str
) -> Typed:
    """Return a condition; errors are worded as ksqlDB words them for this clause."""
    try:
        result = typed(_with_times(node))
    except TypeProblem as problem:
        raise context.fail(
            f"Error in {clause} expression: {problem.message}\nStatement: {row.shown(node)}"
        ) from None
    if result.type != t.BOOLEAN:
        raise context.fail(
            f"Type error in {clause} expression: Should evaluate to boolean but is {row.shown(node)} "
            f"({shown(result.type)}) instead."
        )
    return result


def _with_times(node: ast.Expression) -> ast.Expression:
    """Return a condition in which ROWTIME and window bounds are compared with numbers instead of texts."""
    match node:
        case ast.Binary("AND" | "OR", left, right):
            return replace(node, left=_with_times(left), right=_with_times(right))
        case ast.Unary("NOT", operand):
            return replace(node, operand=_with_times(operand))
        case ast.Binary(_, left, right) if _is_time(left):
            return replace(node, right=_milliseconds(right))
        case ast.Binary(_, left, right) if _is_time(right):
            return replace(node, left=_milliseconds(left))
        case ast.Between(value, low, high) if _is_time(value):
            return replace(node, low=_milliseconds(low), high=_milliseconds(high))
    return node


def _is_time(node: ast.Expression) -> bool:
    return isinstance(node, ast.Column) and node.name in _TIMES


def _milliseconds(node: ast.Expression) -> ast.Expression:
    if not isinstance(node, ast.Literal) or node.kind != "STRING":
        return node
    return ast.Literal("INTEGER", str(epoch_milliseconds(node.text)), position=node.position)


def epoch_milliseconds(text: str) -> int:
    """Return the time that a full or partial text such as 2024-03-01T10 writes, in UTC by default."""
    found = _PARTIAL.fullmatch(text)
    if found is None:
        raise TypeProblem(
            f"Failed to parse timestamp '{text}': Required format is: \"yyyy-MM-dd'T'HH:mm:ss.SSS\", with an "
            "optional numeric 'Z', or '+/-' time zone"
        )
    numbers = [int(found[part] or default) for part, default in _DEFAULTS.items()]
    milli = int((found["milli"] or "0").ljust(3, "0"))
    try:
        moment = datetime(*numbers, tzinfo=_zone(found["zone"]))  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise TypeProblem(f"Failed to parse timestamp '{text}': {error}") from None
    return int(moment.timestamp()) * 1000 + milli


_DEFAULTS = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
