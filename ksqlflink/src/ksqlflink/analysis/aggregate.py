"""GROUP BY: which expressions are aggregated, what is grouped by, and what may be selected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ksqlflink.analysis import functions
from ksqlflink.analysis.context import Context
from ksqlflink.analysis.names import grammatical
from ksqlflink.analysis.row import WINDOW_BOUNDS, Row
from ksqlflink.analysis.typed import Json, Typed, TypeProblem, column, literal
from ksqlflink.analysis.typer import Typer
from ksqlflink.catalogue.codec import type_to_json
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t
from ksqlflink.dialect.columns import children_of

_BOUNDS = {"WINDOWSTART": "$windowstart", "WINDOWEND": "$windowend"}
# A query that aggregates everything has one group.
ONE_GROUP = ast.Literal("INTEGER", "1")


def aggregates_in(node: ast.Expression) -> Iterator[ast.Call]:
    """Yield the calls of aggregate functions, the outermost ones."""
    if isinstance(node, ast.Call) and functions.is_aggregate(node.name):
        yield node
        return
    for child in children_of(node):
        yield from aggregates_in(child)


@dataclass
class Grouping:
    """Types expressions behind an aggregation, and collects the aggregates they are made of."""

    context: Context
    typer: Typer
    by: Sequence[ast.Expression]
    by_typed: Sequence[Typed]
    windowed: bool
    aggregates: list[Json] = field(default_factory=list)
    _calls: list[tuple[ast.Call, Typed]] = field(default_factory=list)

    def typed(self, node: ast.Expression) -> Typed:
        """Return an expression over the grouped row."""
        return Typer(self.typer.row, self._special).typed(node)

    def _special(self, node: ast.Expression) -> Typed | None:
        if node in self.by:
            index = list(self.by).index(node)
            return column(f"$by{index}", self.by_typed[index].known())
        if isinstance(node, ast.Call) and functions.is_aggregate(node.name):
            return self._aggregate(node)
        if isinstance(node, ast.Column) and self.windowed and node.name in _BOUNDS and node.source is None:
            return column(_BOUNDS[node.name], t.BIGINT)
        return None

    def _aggregate(self, call: ast.Call) -> Typed:
        for known, typed in self._calls:
            if known == call:
                return typed
        self._check_arguments(call)
        arguments = [self.typer.typed(argument) for argument in call.arguments]
        resolution = functions.resolve(functions.find(call.name), arguments)
        for index in resolution.literals:
            if not isinstance(call.arguments[index], ast.Literal):
                raise TypeProblem(
                    f"Parameter {index + 1} passed to function {call.name} must be a literal constant, but "
                    f"was expression: '{self.typer.row.shown(call.arguments[index])}'"
                )
        name = f"$agg{len(self.aggregates)}"
        self.aggregates.append(
            {
                "function": call.name,
                "args": [argument.json for argument in resolution.arguments(arguments)],
                "type": type_to_json(resolution.type),
            }
        )
        self._calls.append((call, column(name, resolution.type)))
        return self._calls[-1][1]

    def _check_arguments(self, call: ast.Call) -> None:
        for argument in call.arguments:
            self.check_bounds(argument)
            for inner in aggregates_in(argument):
                raise TypeProblem(f"Aggregate functions can not be nested: {call.name}({inner.name}())")

    def shown_calls(self) -> Iterator[str]:
        """Yield the aggregates as ksqlDB shows them; COUNT(*) counts its default argument."""
        for call, _ in self._calls:
            yield f"{call.name}(ROWTIME)" if not call.arguments else self.typer.row.shown(call)

    # -- ksqlDB's rules ------------------------------------------------------------------------------------

    def check_bounds(self, node: ast.Expression) -> None:
        """Refuse window bounds where they are not known yet."""
        if not self.windowed:
            return
        if isinstance(node, ast.Column) and node.name in WINDOW_BOUNDS:
            raise TypeProblem(
                f"Window bounds column {self.typer.row.shown(node)} can only be used in the SELECT clause of "
                "windowed aggregations and can not be passed to aggregate functions.\n"
                "See https://github.com/confluentinc/ksql/issues/4397"
            )
        for child in children_of(node):
            self.check_bounds(child)

    def ungrouped(self, node: ast.Expression) -> Iterator[ast.Column]:
        """Yield the columns that are neither grouped by nor aggregated."""
        if node in self.by or (isinstance(node, ast.Call) and functions.is_aggregate(node.name)):
            return
        if isinstance(node, ast.Column):
            if not (self.windowed and node.source is None and node.name in WINDOW_BOUNDS):
                yield node
            return
        for child in children_of(node):
            yield from self.ungrouped(child)

    def check(self, selected: Sequence[ast.Expression], having: ast.Expression | None) -> None:
        """Refuse what ksqlDB refuses of an aggregation."""
        row = self.typer.row
        everything = [*selected, *([] if having is None else [having])]
        if not any(True for node in everything for _ in aggregates_in(node)):
            raise self.context.fail(
                "GROUP BY requires aggregate functions in either the SELECT or HAVING clause."
            )
        loose = [node for node in selected if any(True for _ in self.ungrouped(node))]
        if loose:
            raise self.context.fail(
                f"Non-aggregate SELECT expression(s) not part of GROUP BY: {_listed(row, loose)}\n"  # noqa: S608
                "Either add the column(s) to the GROUP BY or remove them from the SELECT."
            )
        if having is not None:
            with self.context.reporting():
                _check_having_bounds(self, having)
            loose_columns = list(self.ungrouped(having))
            if loose_columns:
                raise self.context.fail(
                    f"Non-aggregate HAVING expression not part of GROUP BY: {_listed(row, loose_columns)}\n"
                    "Consider switching the HAVING clause to a WHERE clause before the GROUP BY."
                )


def _listed(row: Row, nodes: Sequence[ast.Expression]) -> str:
    return ", ".join(row.shown(node) for node in nodes)


def _check_having_bounds(grouping: Grouping, having: ast.Expression) -> None:
    grouping.check_bounds(having)


def analyze_grouping(context: Context, row: Row) -> Grouping:
    """Return the grouping of a query."""
    query = context.query
    typer = Typer(row)
    windowed = query.window is not None
    by = query.group_by or (ONE_GROUP,)
    grouping = Grouping(context, typer, by, [], windowed)
    with context.reporting():
        for node in by:
            for call in aggregates_in(node):
                raise TypeProblem(
                    f"GROUP BY does not support aggregate functions: {call.name} is an aggregate function."
                )
            grouping.check_bounds(node)
        if query.where is not None:
            grouping.check_bounds(query.where)
        grouping.by_typed = [_group_key(typer, node) for node in by]
    return grouping


def _group_key(typer: Typer, node: ast.Expression) -> Typed:
    typed = literal(1, t.INTEGER) if node is ONE_GROUP else typer.typed(node)
    typed.known()
    return typed


def no_group_by(grouping: Grouping) -> str:
    """Return what ksqlDB says of a table that aggregates everything."""
    calls = ", ".join(grouping.shown_calls())
    return (
        f"CREATE TABLE AS SELECT statement does not support aggregate function [{calls}] without a GROUP BY "
        "clause."
    )


def window_json(window: ast.Window | None, final: bool) -> Json | None:
    """Return the window of a plan, in milliseconds; a final result does not wait unless it is told to."""
    if window is None:
        return None
    session = window.kind == "SESSION"
    size = window.size.milliseconds
    advance = size if window.advance is None else window.advance.milliseconds
    return {
        "type": window.kind,
        "size": None if session else size,
        "advance": None if session else advance,
        "gap": size if session else None,
        "grace": (0 if final else None) if window.grace is None else window.grace.milliseconds,
        "retention": None if window.retention is None else window.retention.milliseconds,
    }


def check_table(grouping: Grouping) -> None:
    """Refuse what cannot be taken back when a row of a table changes."""
    query, context = grouping.context.query, grouping.context
    if query.window is not None:
        raise context.fail("Windowing not supported for table aggregations.")
    used = {
        name: functions.find(name).of_tables for item in grouping.aggregates for name in [item["function"]]
    }
    refused = [name for name, of_tables in used.items() if not of_tables]
    if refused:
        several = "s" if len(refused) > 1 else ""
        raise context.fail(
            f"The aggregation function{several} {grammatical(refused, 'and')} cannot be applied to a table "
            "source, only to a stream source."
        )
    for name, of_tables in used.items():
        if of_tables == "elsewhere":
            raise context.refuse(f"{name} of a table", query.position)
