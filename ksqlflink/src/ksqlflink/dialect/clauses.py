"""Parse tree -> the clauses of a query."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: ARG002, D102

from __future__ import annotations

from typing import Any

from lark import Token, v_args
from lark.tree import Meta

from ksqlflink.dialect import ast
from ksqlflink.dialect.errors import SyntaxProblem
from ksqlflink.dialect.expressions import ExpressionBuilder, Name, Parts, position_of

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


@v_args(meta=True)
class QueryBuilder(ExpressionBuilder):
    """Builds queries; statement rules are the subclass's."""

    def select_expression(self, meta: Meta, parts: Parts) -> ast.SelectItem:
        alias = first(parts[1:], Name)
        return ast.SelectItem(parts[0], None if alias is None else str(alias), position=position_of(meta))

    def select_all(self, meta: Meta, parts: Parts) -> ast.SelectAll:
        source = first(parts, Name)
        return ast.SelectAll(None if source is None else str(source), position=position_of(meta))

    def select_struct(self, meta: Meta, parts: Parts) -> ast.SelectFields:
        return ast.SelectFields(parts[0], position=position_of(meta))

    def aliased(self, meta: Meta, parts: Parts) -> ast.Source:
        names = [str(part) for part in parts if isinstance(part, Name)]
        return ast.Source(names[0], names[-1], position=position_of(meta))

    def unit(self, meta: Meta, parts: Parts) -> str:
        return str(parts[0]).upper().removesuffix("S") + "S"

    def duration(self, meta: Meta, parts: Parts) -> ast.Duration:
        return ast.Duration(int(parts[0]), parts[1], position=position_of(meta))

    def grace(self, meta: Meta, parts: Parts) -> tuple[str, ast.Duration]:
        return "GRACE", parts[-1]

    def within(self, meta: Meta, parts: Parts) -> ast.Within:
        sizes = [part for part in parts if isinstance(part, ast.Duration)]
        grace = first(parts, tuple)
        return ast.Within(sizes[0], sizes[-1], grace[1] if grace else None, position=position_of(meta))

    def inner_join(self, meta: Meta, parts: Parts) -> str:
        return "INNER"

    def left_join(self, meta: Meta, parts: Parts) -> str:
        return "LEFT"

    def right_join(self, meta: Meta, parts: Parts) -> str:
        return "RIGHT"

    def full_join(self, meta: Meta, parts: Parts) -> str:
        return "FULL"

    def join(self, meta: Meta, parts: Parts) -> ast.Join:
        within = first(parts, ast.Within)
        source = first(parts, ast.Source)
        return ast.Join(parts[0], source, within, parts[-1], position=source.position)

    def relation(self, meta: Meta, parts: Parts) -> tuple[ast.Source, tuple[ast.Join, ...]]:
        return parts[0], tuple(parts[1:])

    def window_item(self, meta: Meta, parts: Parts) -> _WindowPart:
        if isinstance(parts[0], tuple):
            return "GRACE", parts[0][1], None
        words = [part for part in parts if isinstance(part, Token)]
        name = " ".join(word.upper() for word in words)
        return name, parts[-1], words[0] if words else None

    def window(self, meta: Meta, parts: Parts) -> ast.Window:
        word, items = parts[1], parts[2:]
        kind = word.upper()
        if kind not in _WINDOW_PARTS:
            raise _unexpected(word)
        _check_window(kind, items)
        sizes = {name: duration for name, duration, _ in items}
        size = sizes.get("SIZE") or sizes[""]
        return ast.Window(
            kind,
            size,
            sizes.get("ADVANCE BY"),
            sizes.get("RETENTION"),
            sizes.get("GRACE"),
            position=position_of(word),
        )

    def where(self, meta: Meta, parts: Parts) -> tuple[str, ast.Expression]:
        return "WHERE", parts[1]

    def having(self, meta: Meta, parts: Parts) -> tuple[str, ast.Expression]:
        return "HAVING", parts[1]

    def grouping(self, meta: Meta, parts: Parts) -> tuple[ast.Expression, ...]:
        return tuple(parts)

    def group_by(self, meta: Meta, parts: Parts) -> tuple[str, tuple[ast.Expression, ...]]:
        return "GROUP BY", parts[-1]

    def partition_by(self, meta: Meta, parts: Parts) -> tuple[str, tuple[ast.Expression, ...]]:
        return "PARTITION BY", parts[-1]

    def emit(self, meta: Meta, parts: Parts) -> tuple[str, str]:
        return "EMIT", parts[1].type

    def limit(self, meta: Meta, parts: Parts) -> tuple[str, int]:
        return "LIMIT", int(parts[1])

    def query(self, meta: Meta, parts: Parts) -> ast.Query:
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
            position=position_of(meta),
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
