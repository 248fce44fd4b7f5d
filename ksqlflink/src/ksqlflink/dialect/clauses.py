"""Parse tree -> the clauses of a query."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: D102, N805

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lark import Token, v_args
from lark.tree import Meta

from ksqlflink.dialect import ast
from ksqlflink.dialect.errors import SyntaxProblem
from ksqlflink.dialect.expressions import ExpressionBuilder, Name, Parts, plural, position_of, rule

# What the parts of a WINDOW clause are called, in their order; an unnamed one is the gap of a session.
_WINDOW_PARTS = {
    "TUMBLING": ("SIZE", "RETENTION", "GRACE"),
    "HOPPING": ("SIZE", "ADVANCE BY", "RETENTION", "GRACE"),
    "SESSION": ("", "RETENTION", "GRACE"),
}
_OPTIONAL = ("RETENTION", "GRACE")

_WindowPart = tuple[str, ast.Duration, Token | None]


def first(parts: Parts, kind: type[Any]) -> Any:
    """Return the first part of that kind, or None."""
    return next((part for part in parts if isinstance(part, kind)), None)


def name_in(parts: Parts) -> str | None:
    """Return the first name among the parts, or None."""
    name = first(parts, Name)
    return None if name is None else str(name)


def _join_type(name: str) -> Callable[[Any, Meta, Parts], Any]:
    return rule(lambda _: name)


@v_args(meta=True)
class QueryBuilder(ExpressionBuilder):
    """Builds queries; statement rules are the subclass's."""

    select_expression = rule(lambda parts: ast.SelectItem(parts[0], name_in(parts[1:])))
    select_all = rule(lambda parts: ast.SelectAll(name_in(parts)))
    select_struct = rule(lambda parts: ast.SelectFields(parts[0]))

    @rule
    def aliased(parts: Parts) -> ast.Source:
        names = [str(part) for part in parts if isinstance(part, Name)]
        return ast.Source(names[0], names[-1])

    unit = rule(lambda parts: plural(parts[0]))
    duration = rule(lambda parts: ast.Duration(int(parts[0]), parts[1]))
    grace = rule(lambda parts: ("GRACE", parts[-1]))

    @rule
    def within(parts: Parts) -> ast.Within:
        sizes = [part for part in parts if isinstance(part, ast.Duration)]
        grace = first(parts, tuple)
        return ast.Within(sizes[0], sizes[-1], grace[1] if grace else None)

    inner_join, left_join, right_join, full_join = map(_join_type, ("INNER", "LEFT", "RIGHT", "FULL"))

    @rule
    def join(parts: Parts) -> ast.Join:
        source = first(parts, ast.Source)
        return ast.Join(parts[0], source, first(parts, ast.Within), parts[-1], position=source.position)

    relation = rule(lambda parts: (parts[0], tuple(parts[1:])))

    @rule
    def window_item(parts: Parts) -> _WindowPart:
        if isinstance(parts[0], tuple):
            return "GRACE", parts[0][1], None
        words = [part for part in parts if isinstance(part, Token)]
        name = " ".join(word.upper() for word in words)
        return name, parts[-1], words[0] if words else None

    @rule
    def window(parts: Parts) -> ast.Window:
        word, items = parts[1], parts[2:]
        kind = word.upper()
        if kind not in _WINDOW_PARTS:
            raise _unexpected(word)
        _check_window(kind, items)
        sizes = {name: duration for name, duration, _ in items}
        size = sizes.get("SIZE") or sizes[""]
        lengths = (sizes.get(name) for name in ("ADVANCE BY", "RETENTION", "GRACE"))
        return ast.Window(kind, size, *lengths, position=position_of(word))

    where = rule(lambda parts: ("WHERE", parts[1]))
    having = rule(lambda parts: ("HAVING", parts[1]))
    grouping = rule(tuple)
    group_by = rule(lambda parts: ("GROUP BY", parts[-1]))
    partition_by = rule(lambda parts: ("PARTITION BY", parts[-1]))
    emit = rule(lambda parts: ("EMIT", parts[1].type))
    limit = rule(lambda parts: ("LIMIT", int(parts[1])))

    @rule
    def query(parts: Parts) -> ast.Query:
        items = tuple(part for part in parts if isinstance(part, ast.Selected))
        clauses = {part[0]: part[1] for part in parts if isinstance(part, tuple) and isinstance(part[0], str)}
        relation = next(part for part in parts if isinstance(part, tuple) and isinstance(part[0], ast.Source))
        return ast.Query(
            items,
            relation[0],
            relation[1],
            clauses.get("WHERE"),
            clauses.get("EMIT"),
            first(parts, ast.Window),
            clauses.get("GROUP BY", ()),
            clauses.get("PARTITION BY", ()),
            clauses.get("HAVING"),
            clauses.get("LIMIT"),
        )


def _check_window(kind: str, items: list[_WindowPart]) -> None:
    """Refuse parts of a window that are unknown, missing or out of order."""
    expected = list(_WINDOW_PARTS[kind])
    for name, duration, word in items:
        while expected and expected[0] != name and expected[0] in _OPTIONAL:
            expected.pop(0)
        if not expected or expected.pop(0) != name:
            place = word if word is not None else duration
            raise _unexpected(place)
    if expected and expected[0] not in _OPTIONAL:
        raise _unexpected(items[-1][1], f"{kind} windows take {expected[0]}")


def _unexpected(place: Token | ast.Duration, detail: str = "") -> SyntaxProblem:
    position = position_of(place) if isinstance(place, Token) else place.position
    return SyntaxProblem(position.line, position.column, detail)
