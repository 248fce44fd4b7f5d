"""EXPLODE: one row for each element of an array."""

from __future__ import annotations

from collections.abc import Iterator

from ksqlflink.analysis.context import Context
from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Json, Typed, TypeProblem, column, shown
from ksqlflink.analysis.typer import Typer
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t
from ksqlflink.dialect.columns import children_of


def explosions_in(node: ast.Expression) -> Iterator[ast.Call]:
    """Yield the calls of EXPLODE in an expression."""
    if _is_explode(node):
        yield node  # type: ignore[misc]
    for child in children_of(node):
        yield from explosions_in(child)


def _is_explode(node: ast.Expression) -> bool:
    return isinstance(node, ast.Call) and node.name == "EXPLODE"


def check_explosions(context: Context) -> None:
    """Refuse EXPLODE where ksqlDB refuses it."""
    query = context.query
    calls = [call for item in query.items if isinstance(item, ast.SelectItem)
             for call in explosions_in(item.expression)]  # fmt: skip
    if not calls:
        return
    if query.group_by:
        raise context.fail("Table functions cannot be used with aggregations.")
    for call in calls:
        for argument in call.arguments:
            if any(True for _ in explosions_in(argument)):
                raise context.fail("Table functions cannot be nested: EXPLODE(EXPLODE())")
    if query.joins:
        raise context.refuse("EXPLODE of a join", calls[0].position)
    if any(source.kind == "TABLE" for source in context.inputs.values()):
        raise context.fail("Table source is not supported with table functions")


class Exploder:
    """Types expressions with EXPLODE in them; collects the arrays to explode."""

    def __init__(self, row: Row) -> None:
        self._arrays = Typer(row)
        self._typer = Typer(row, self._special)
        self.arrays: list[Json] = []

    def typed(self, node: ast.Expression) -> Typed:
        """Return an expression over the exploded row."""
        return self._typer.typed(node)

    def _special(self, node: ast.Expression) -> Typed | None:
        if isinstance(node, ast.Case) and any(True for _ in explosions_in(node)):
            text = self._arrays.row.shown(node)
            raise TypeProblem(f"Table functions cannot be used in CASE: {text}")
        if not isinstance(node, ast.Call) or node.name != "EXPLODE":
            return None
        arguments = [self._arrays.typed(argument) for argument in node.arguments]
        kind = arguments[0].type if len(arguments) == 1 else None
        if not isinstance(kind, t.Array):
            given = ", ".join(shown(argument.type) for argument in arguments)
            raise TypeProblem(
                f"Function 'EXPLODE' does not accept parameters ({given}).\n"
                "Valid alternatives are:\nEXPLODE(ARRAY<T> list)\n"
                "For detailed information on a function run: DESCRIBE FUNCTION <Function-Name>;"
            )
        self.arrays.append(arguments[0].json)
        return column(f"$explode{len(self.arrays) - 1}", kind.item)
