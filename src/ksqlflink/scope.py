"""Names in a query: which source a column belongs to, and what an expression without alias is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import count
from typing import Any, TypeVar

from ksqlflink.dialect import ast
from ksqlflink.errors import BadStatement
from ksqlflink.model import DataSource

N = TypeVar("N")
_PSEUDO_COLUMNS = frozenset({"ROWTIME", "ROWPARTITION", "ROWOFFSET", "WINDOWSTART", "WINDOWEND"})


def is_reserved_column(name: str) -> bool:
    """Tell whether ksqlDB keeps a column name for itself."""
    return name in _PSEUDO_COLUMNS


def map_columns(node: N, change: Callable[[ast.Column], ast.Column]) -> N:
    """Return a copy of a node with every column reference in it changed."""
    if isinstance(node, ast.Column):
        return change(node)  # type: ignore[return-value]
    if isinstance(node, tuple):
        return tuple(map_columns(item, change) for item in node)  # type: ignore[return-value]
    if is_dataclass(node) and isinstance(node, ast.Node) and not isinstance(node, ast.Source):
        values: dict[str, Any] = {
            item.name: map_columns(getattr(node, item.name), change) for item in fields(node)
        }
        return replace(node, **values)
    return node


def columns_of(node: Any) -> Iterator[ast.Column]:
    """Yield every column reference in a node."""
    found: list[ast.Column] = []

    def note(column: ast.Column) -> ast.Column:
        found.append(column)
        return column

    map_columns(node, note)
    yield from found


def qualify(query: ast.Query, sources: Mapping[str, DataSource], text: str) -> ast.Query:
    """Return the query with every resolvable column qualified and every selected expression named.

    `sources` is by alias, in the order of FROM. An ambiguous column is refused; an unknown one stays.
    """

    def owner(column: ast.Column) -> ast.Column:
        if column.source is not None:
            return column
        owners = [alias for alias, source in sources.items() if source.column(column.name)]
        if len(owners) > 1:
            options = " or ".join(f"{alias}.{column.name}" for alias in owners)
            raise BadStatement(
                f"Exception while preparing statement: {column.position}: Column '{column.name}' is "
                "ambiguous. "
                f"Could be {options}.",
                text,
            )
        return replace(column, source=owners[0]) if owners else column

    qualified = map_columns(query, owner)
    generated = (f"KSQL_COL_{number}" for number in count())
    items = tuple(
        item if isinstance(item, ast.SelectAll) or item.alias else _named(item, sources, generated)
        for item in qualified.items
    )
    return replace(qualified, items=items, emit=qualified.emit or "CHANGES")


def _named(
    item: ast.SelectItem, sources: Mapping[str, DataSource], generated: Iterator[str]
) -> ast.SelectItem:
    expression = item.expression
    if not isinstance(expression, ast.Column):
        return replace(item, alias=next(generated))
    shared = sum(1 for source in sources.values() if source.column(expression.name)) > 1
    prefix = f"{expression.source}_" if shared and expression.source else ""
    return replace(item, alias=prefix + expression.name)
