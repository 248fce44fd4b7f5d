"""Names in a query: which source a column belongs to, and what an expression without alias is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count

from ksqlflink.analysis.row import PSEUDO_COLUMNS, has_column
from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect.columns import map_columns
from ksqlflink.dialect.formatter import identifier
from ksqlflink.errors import BadStatement

_GENERATED = "KSQL_COL"
_NUMBERED = re.compile(r"(.*?)(?:_(\d+))?")


def qualify(query: ast.Query, sources: Mapping[str, DataSource], text: str) -> ast.Query:
    """Return the query with every resolvable column qualified and every selected expression named.

    `sources` is by alias, in the order of FROM. An ambiguous column is refused; an unknown one stays.
    """

    def owner(column: ast.Column) -> ast.Column:
        if column.source is not None:
            return column
        owners = [alias for alias, source in sources.items() if has_column(source, column.name)]
        if len(owners) > 1:
            options = " or ".join(f"{identifier(alias)}.{identifier(column.name)}" for alias in owners)
            raise BadStatement(
                f"Exception while preparing statement: {column.position}: Column '{column.name}' is "
                f"ambiguous. Could be {options}.",
                text,
            )
        return replace(column, source=owners[0]) if owners else column

    qualified = map_columns(query, owner)
    aliases = Aliases(column.name for source in sources.values() for column in source.columns)
    items = tuple(
        _named(item, sources, aliases.alias) if isinstance(item, ast.SelectItem) and not item.alias else item
        for item in qualified.items
    )
    return replace(qualified, items=items)


class Aliases:
    """Makes up names for expressions that differ from each other and from the names there are."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {_split(name) for name in taken}
        self._numbers: dict[str, count[int]] = {}

    def alias(self, expression: ast.Expression) -> str:
        """Return the field's name for a field of a struct, KSQL_COL_n for anything else."""
        if isinstance(expression, ast.Dereference):
            return self._next(_split(expression.name)[0])
        return self._next(_GENERATED)

    def _next(self, prefix: str) -> str:
        numbers = self._numbers.setdefault(prefix, count())
        number = next(number for number in numbers if (prefix, number) not in self._taken)
        return prefix if number == 0 and prefix != _GENERATED else f"{prefix}_{number}"


def _split(name: str) -> tuple[str, int]:
    """Return a name without the number behind its last underscore, and the number (0 if there is none)."""
    found = _NUMBERED.fullmatch(name)
    if found is None:
        return name, 0
    return found[1], int(found[2] or 0)


def _named(
    item: ast.SelectItem, sources: Mapping[str, DataSource], generate: Callable[[ast.Expression], str]
) -> ast.SelectItem:
    expression = item.expression
    if not isinstance(expression, ast.Column):
        return replace(item, alias=generate(expression))
    clashes = _clashes(expression.name, sources) and expression.source is not None
    prefix = f"{expression.source}_" if clashes else ""
    return replace(item, alias=prefix + expression.name)


def _clashes(name: str, sources: Mapping[str, DataSource]) -> bool:
    """Tell whether the columns of a join need the alias of their source in their name."""
    if len(sources) == 1:
        return False
    return name in PSEUDO_COLUMNS or sum(1 for source in sources.values() if source.column(name)) > 1


def grammatical(words: Iterable[str], conjunction: str) -> str:
    """Return `a, b and c`."""
    *start, last = words
    return f"{', '.join(start)} {conjunction} {last}" if start else last
