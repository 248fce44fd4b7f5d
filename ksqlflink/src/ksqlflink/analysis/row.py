"""The row an expression is evaluated on: its columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ksqlflink.analysis.typed import Typed, column
from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t
from ksqlflink.dialect.columns import map_columns
from ksqlflink.dialect.formatter import expression

PSEUDO_COLUMNS: Mapping[str, t.SqlType] = {
    "ROWTIME": t.BIGINT,
    "ROWPARTITION": t.INTEGER,
    "ROWOFFSET": t.BIGINT,
}
WINDOW_BOUNDS = ("WINDOWSTART", "WINDOWEND")
RESERVED_COLUMNS = frozenset({*PSEUDO_COLUMNS, *WINDOW_BOUNDS})
SYNTHETIC_KEY = "ROWKEY"


def has_column(source: DataSource, name: str) -> bool:
    """Tell whether a query can name a column of a source, pseudo columns included."""
    if name in PSEUDO_COLUMNS or (source.window_type is not None and name in WINDOW_BOUNDS):
        return True
    return source.column(name) is not None


def source_columns(alias: str, source: DataSource) -> dict[tuple[str | None, str], Typed]:
    """Return everything a source gives, by alias and name."""
    kinds = {item.name: item.type for item in source.columns} | dict(PSEUDO_COLUMNS)
    if source.window_type is not None:
        kinds |= dict.fromkeys(WINDOW_BOUNDS, t.BIGINT)
    return {(alias, name): column(f"{alias}.{name}", kind) for name, kind in kinds.items()}


@dataclass(frozen=True)
class Row:
    """Columns by alias and name; those without an alias belong to no source."""

    columns: Mapping[tuple[str | None, str], Typed]
    joined: bool

    @classmethod
    def of(cls, inputs: Mapping[str, DataSource]) -> Row:
        """Return the row that sources make together."""
        columns: dict[tuple[str | None, str], Typed] = {}
        for alias, source in inputs.items():
            columns |= source_columns(alias, source)
        return cls(columns, len(inputs) > 1)

    def with_columns(self, added: Mapping[str, Typed]) -> Row:
        """Return the row with further columns that belong to no source."""
        return replace(self, columns={**self.columns, **{(None, name): item for name, item in added.items()}})

    def find(self, wanted: ast.Column) -> Typed | None:
        """Return a column, or None."""
        return self.columns.get((wanted.source, wanted.name))

    def bare(self, node: ast.Expression) -> ast.Expression:
        """Return an expression with columns named as ksqlDB names them inside a query."""
        return map_columns(node, self._internal)

    def _internal(self, item: ast.Column) -> ast.Column:
        if item.source is None:
            return item
        name = f"{item.source}_{item.name}" if self.joined else item.name
        return replace(item, name=name, source=None)

    def shown(self, node: ast.Expression) -> str:
        """Return an expression as ksqlDB shows it in messages."""
        return expression(self.bare(node))
