"""Column references inside expressions and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from ksqlflink.dialect import ast

N = TypeVar("N")


def map_columns(node: N, change: Callable[[ast.Column], ast.Expression]) -> N:
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


def children_of(node: Any) -> Iterator[ast.Expression]:
    """Yield the expressions a node is directly made of."""
    if isinstance(node, tuple):
        for item in node:
            yield from _expressions_in(item)
    elif isinstance(node, ast.Node) and is_dataclass(node):
        for item in fields(node):
            yield from _expressions_in(getattr(node, item.name))


def _expressions_in(value: Any) -> Iterator[ast.Expression]:
    if isinstance(value, ast.Expression):
        yield value
    elif isinstance(value, tuple):
        yield from children_of(value)
