"""Literals, CASE, CAST and the constructors of arrays, maps and structs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import (
    Typed,
    TypeProblem,
    base,
    cast,
    castable,
    decimal_of,
    is_number,
    literal,
    node,
    shown,
    wider,
)
from ksqlflink.catalogue.codec import type_from_json
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import sql_type

_INT_LIMIT, _LONG_LIMIT = 2**31, 2**63
_TRUTHS = ("true", "false", "yes", "no")  # any beginning of them will do

Type = Callable[[ast.Expression], Typed]


def literal_of(item: ast.Literal) -> Typed:
    """Return a literal with ksqlDB's type for it: 1.5 is a DECIMAL(2, 1)."""
    match item.kind:
        case "INTEGER":
            return integer(int(item.text))
        case "DECIMAL":
            return literal(str(Decimal(item.text)), decimal_of(item.text))
        case "DOUBLE":
            return literal(float(item.text), t.DOUBLE)
        case "BOOLEAN":
            return literal(item.text == "TRUE", t.BOOLEAN)
        case "NULL":
            return literal(None, None)
        case "UNIT":
            return node("literal", t.STRING, value=item.text, unit=True)
    return literal(item.text, t.STRING)


def integer(value: int) -> Typed:
    """Return a whole number as the smallest type that holds it."""
    if -_INT_LIMIT <= value < _INT_LIMIT:
        return literal(value, t.INTEGER)
    if not -_LONG_LIMIT <= value < _LONG_LIMIT:
        raise TypeProblem(f"Invalid numeric literal: {value}")
    return literal(str(value), t.BIGINT)


def construct(item: ast.Case | ast.Cast | ast.Constructor, typed: Type, row: Row) -> Typed:
    """Return a value put together from others; `typed` types those."""
    match item:
        case ast.Case():
            return _case(item, typed, row)
        case ast.Cast(value, kind):
            return _cast(typed(value), kind)
        case ast.Constructor():
            return _constructor(item, typed, row)


def _cast(value: Typed, kind: t.SqlType) -> Typed:
    if value.type is None:
        return literal(None, kind)
    if not castable(value.type, kind):
        raise TypeProblem(f"Cast of {sql_type(value.type)} to {sql_type(kind)} is not supported")
    return cast(value, kind)


def _case(item: ast.Case, typed: Type, row: Row) -> Typed:
    if item.operand is not None:
        visitor = "io.confluent.ksql.execution.util.ExpressionTypeManager$Visitor"
        raise TypeProblem(f"not yet implemented: {visitor}.visitSimpleCaseExpression")
    branches: list[list[Typed]] = []
    kind: t.SqlType | None = None
    for condition, result in item.branches:
        branches.append([_condition(condition, typed, row), typed(result)])
        clause = f"WHEN {row.shown(condition)} THEN {row.shown(result)}"
        kind = _branch_type(kind, branches[-1][1].type, clause)
    default = None if item.default is None else typed(item.default)
    kind = _default_type(kind, None if default is None else default.type)
    listed = [[part.json for part in branch] for branch in branches]
    return node("case", kind, None, branches=listed, **{"else": default.json if default else None})


def _condition(condition: ast.Expression, typed: Type, row: Row) -> Typed:
    result = typed(condition)
    if result.type != t.BOOLEAN:
        raise TypeProblem(
            f"WHEN operand type should be boolean.\nType for '{row.shown(condition)}' is {shown(result.type)}"
        )
    return result


def _branch_type(previous: t.SqlType | None, kind: t.SqlType | None, clause: str) -> t.SqlType | None:
    if previous is None or kind is None or previous == kind:
        return previous or kind
    raise TypeProblem(
        "Invalid Case expression. Type for all 'THEN' clauses should be the same.\n"
        f"THEN expression '{clause}' has type: {shown(kind)}.\n"
        f"Previous THEN expression(s) type: {shown(previous)}."
    )


def _default_type(kind: t.SqlType | None, default: t.SqlType | None) -> t.SqlType:
    if kind is not None and default is not None and kind != default:
        raise TypeProblem(
            "Invalid Case expression. Type for the default clause should be the same as for 'THEN' "
            f"clauses.\nTHEN type: {shown(kind)}.\nDEFAULT type: {shown(default)}."
        )
    result = kind or default
    if result is None:
        raise TypeProblem("Invalid Case expression. All case branches have NULL type")
    return result


def _constructor(item: ast.Constructor, typed: Type, row: Row) -> Typed:
    if item.kind == "STRUCT":
        values = [typed(value) for _, value in item.items]
        names = [name.text for name, _ in item.items if isinstance(name, ast.Literal)]
        kinds = [value.known() for value in values]
        return node("struct", t.Struct(tuple(zip(names, kinds, strict=True))), values)
    if not item.items:
        one = "element" if item.kind == "ARRAY" else "key value pair"
        raise TypeProblem(
            f"{item.kind.capitalize()} constructor cannot be empty. Please supply at least one {one} "
            "(see https://github.com/confluentinc/ksql/issues/4239)."
        )
    values = common([value for _, value in item.items], typed, row)
    if item.kind == "ARRAY":
        return node("array", t.Array(_element(values, "an array", "element")), values)
    keys = common([key for key, _ in item.items if key is not None], typed, row)
    pairs = [part for pair in zip(keys, values, strict=True) for part in pair]
    kind = t.Map(_element(keys, "a map", "key"), _element(values, "a map", "value"))
    return node("map", kind, pairs)


def _element(values: list[Typed], what: str, part: str) -> t.SqlType:
    for value in values:
        if value.type is not None:
            return value.type
    cast_what = "value" if part == "element" else part
    raise TypeProblem(
        f"Cannot construct {what} with all NULL {part}s (see "
        "https://github.com/confluentinc/ksql/issues/4239). As a workaround, you may cast a NULL "
        f"{cast_what} to the desired type."
    )


def common(items: list[ast.Expression], typed: Type, row: Row) -> list[Typed]:
    """Return a list's values as their common type; literals are taken for another type more readily."""
    values = [typed(item) for item in items]
    kind: t.SqlType | None = None
    for item, value in zip(items, values, strict=True):
        if value.type is not None:
            kind = value.type if kind is None else _joint(kind, value, row.shown(item))
    return values if kind is None else [cast(value, kind) for value in values]


def _joint(kind: t.SqlType, value: Typed, text: str) -> t.SqlType:
    given = value.known()
    found = _merged(kind, given)
    if found is None and value.json["op"] == "array" and isinstance(kind, t.Array):
        return t.Array(_joint_items(kind.item, value, text))
    if found is None and value.json["op"] == "literal":
        found = _read_as(kind, value.json["value"]) if given == t.STRING else _written_as(kind)
    if found is None:
        raise TypeProblem(
            f"operator does not exist: {shown(kind)} = {shown(given)} ({text})\n"
            "Hint: You might need to add explicit type casts."
        )
    return found


def _joint_items(kind: t.SqlType, value: Typed, text: str) -> t.SqlType:
    """Return the type of an array's items beside those of a constructor, whose literals are read too."""
    for part in value.json["args"]:
        if part["type"] is not None:
            kind = _joint(kind, Typed(type_from_json(part["type"]), part), text)
    return kind


def _merged(kind: t.SqlType, given: t.SqlType) -> t.SqlType | None:
    """Return the type that holds the values of both; a STRUCT has the fields of both."""
    if kind == given:
        return kind
    match kind, given:
        case t.Array(one), t.Array(other):
            item = _merged(one, other)
            return None if item is None else t.Array(item)
        case t.Map(one_key, one), t.Map(other_key, other):
            key, item = _merged(one_key, other_key), _merged(one, other)
            return None if key is None or item is None else t.Map(key, item)
        case t.Struct(fields), t.Struct(others):
            kinds = {**dict(others), **dict(fields)}
            both = {name: _merged(kinds[name], other) for name, other in others}
            merged = {name: both.get(name, field) for name, field in kinds.items()}
            known = tuple((name, field) for name, field in merged.items() if field is not None)
            return t.Struct(known) if len(known) == len(merged) else None
    return wider(kind, given)


def _written_as(kind: t.SqlType) -> t.SqlType | None:
    return kind if kind == t.STRING else None


def _read_as(kind: t.SqlType, text: str) -> t.SqlType | None:
    """Return the type in which a text fits beside values of a type, None if it is read as no such type."""
    if is_number(kind):
        number = _number_type(text)
        if number is None:
            raise _invalid(kind, text)
        return wider(kind, number)
    if kind == t.BOOLEAN and not (text and any(word.startswith(text.lower()) for word in _TRUTHS)):
        raise _invalid(kind, text)
    return kind if castable(t.STRING, kind) else None


def _number_type(text: str) -> t.SqlType | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if not {".", "e", "E"} & set(text) and abs(number) < _LONG_LIMIT:
        return t.INTEGER if abs(number) < _INT_LIMIT else t.BIGINT
    return decimal_of(f"{abs(number):f}")


def _invalid(kind: t.SqlType, text: str) -> TypeProblem:
    return TypeProblem(f'invalid input syntax for type {base(kind)}: "{text}".')
