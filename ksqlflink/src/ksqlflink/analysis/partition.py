"""PARTITION BY: a new key; the old one moves behind the columns of the value."""

from __future__ import annotations

from collections.abc import Iterable

from ksqlflink.analysis.context import Context
from ksqlflink.analysis.names import Aliases
from ksqlflink.analysis.projection import Key, Star, named_column
from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Json
from ksqlflink.analysis.typer import Typer
from ksqlflink.dialect import ast
from ksqlflink.dialect.formatter import expression as text_of


def partitioned(context: Context, row: Row, star: Star) -> tuple[Key, Star, list[Json]]:
    """Return the key that PARTITION BY makes, what `*` stands for behind it, and the plan's expressions."""
    nodes = context.query.partition_by
    _refuse(context)
    if any(_is_null(node) for node in nodes):
        if len(nodes) > 1:
            raise context.fail("Cannot PARTITION BY multiple columns including NULL")
        return Key("partitioning expression", (), ()), _star(context, (), star), []
    with context.reporting():
        typed = [Typer(row).typed(node) for node in nodes]
        for value in typed:
            value.known()
    parts = tuple(zip(nodes, typed, strict=True))
    key = Key("partitioning expression", parts, tuple(map(text_of, nodes)))
    return key, _star(context, nodes, star), [value.json for value in typed]


def _is_null(node: ast.Expression) -> bool:
    return isinstance(node, ast.Literal) and node.kind == "NULL"


def _refuse(context: Context) -> None:
    for source in context.inputs.values():
        if source.window_type is not None:
            raise context.fail(
                "Implicit repartitioning of windowed sources is not supported. "
                "See https://github.com/confluentinc/ksql/issues/4385."
            )
    source = next(iter(context.inputs.values()))
    if source.kind == "TABLE":
        raise context.fail(
            "Cannot repartition a TABLE source. If this is a join, joins on the TABLE's key column only."
        )


def _star(context: Context, nodes: tuple[ast.Expression, ...], star: Star) -> Star:
    if len(context.inputs) > 1:
        return star
    ((alias, source),) = context.inputs.items()
    aliases = Aliases(column.name for column in source.columns)
    names = [node.name if isinstance(node, ast.Column) else aliases.alias(node) for node in nodes]

    def behind(item: ast.SelectAll) -> Iterable[ast.SelectItem]:
        for node, name in zip(nodes, names, strict=True):
            yield ast.SelectItem(node, name, position=item.position)
        for column in (*source.value_columns, *source.key_columns):
            if ast.Column(column.name, alias) not in nodes:
                yield named_column(alias, column.name, column.name, item)

    return behind
