"""What a query means: its inputs, its operation, and the columns it writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ksqlflink.analysis import aggregate
from ksqlflink.analysis.context import Context
from ksqlflink.analysis.explode import Exploder, check_explosions
from ksqlflink.analysis.filters import condition
from ksqlflink.analysis.inputs import input_json
from ksqlflink.analysis.join import Joined, analyze_join, check_execution, notices
from ksqlflink.analysis.partition import partitioned
from ksqlflink.analysis.projection import Key, Star, check_reserved, expand, project, source_key, source_star
from ksqlflink.analysis.result import Analysis
from ksqlflink.analysis.row import SYNTHETIC_KEY, WINDOW_BOUNDS, Row
from ksqlflink.analysis.typed import Json, Typed, column
from ksqlflink.analysis.typer import Typer
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t
from ksqlflink.dialect.columns import map_columns
from ksqlflink.dialect.formatter import expression as text_of

_KAFKA_VALUES = (
    "The KAFKA format is primarily intended for use as a key format. It can be used as a value format, but "
    "can not be used in any operation that requires a repartition or changelog topic.\nRemoving this "
    "limitation requires enhancements to the core of KSQL. This will come in a future release. Until then, "
    "avoid using the KAFKA format for values.\nIf you have an existing topic with KAFKA formatted values you "
    "can duplicate the data and serialize using Avro or JSON with a statement such as: \n\n'CREATE STREAM "
    "<new-stream-name> WITH(VALUE_FORMAT='Avro') AS SELECT * FROM <existing-kafka-formated-stream-name>;'\n"
    "For more info see https://github.com/confluentinc/ksql/issues/3060"
)


@dataclass(frozen=True)
class _Shape:
    """What a query without GROUP BY is made of besides its selected columns."""

    row: Row
    key: Key
    star: Star
    sources: tuple[Json, ...]
    operation: Json
    joined: Joined | None = None


def analyze(context: Context) -> Analysis:
    """Return the analysis of a qualified query; BadStatement says what is wrong or not supported."""
    context = _bounds_of_no_source(context)
    query = context.query
    row = Row.of(context.inputs)
    joined = analyze_join(context, row) if query.joins else None
    context.check_windowed_tables()
    check_reserved(context)
    check_explosions(context)
    _check_columns(context, row if joined is None else joined.row(row))
    _check_formats(context)
    if query.group_by or _aggregates(query):
        return _aggregation(context, row, joined)
    if query.window is not None:
        raise context.fail(f"{query.window.position}: WINDOW clause requires a GROUP BY clause.")
    if query.having is not None:
        raise context.refuse("HAVING without GROUP BY", query.position)
    if query.limit is not None and context.persistent:
        raise context.refuse("LIMIT of a persistent query", query.position)
    return _projection(context, _shape(context, row, joined))


def _bounds_of_no_source(context: Context) -> Context:
    """Window bounds that the query makes belong to no source, whichever name they carry."""
    if context.query.window is None:
        return context

    def bare(item: ast.Column) -> ast.Column:
        source = context.inputs.get(item.source or "")
        own = item.name in WINDOW_BOUNDS and source is not None and source.window_type is None
        return replace(item, source=None) if own else item

    return replace(context, query=map_columns(context.query, bare))


def _selected(query: ast.Query) -> list[ast.Expression]:
    return [item.expression for item in query.items if isinstance(item, ast.SelectItem)]


def _structs(query: ast.Query) -> list[ast.Expression]:
    return [item.base for item in query.items if isinstance(item, ast.SelectFields)]


def _aggregates(query: ast.Query) -> bool:
    return any(True for node in _selected(query) for _ in aggregate.aggregates_in(node))


def _check_columns(context: Context, row: Row) -> None:
    query = context.query
    if query.window is not None:
        row = row.with_columns({name: column(name, t.BIGINT) for name in WINDOW_BOUNDS})
    clauses: tuple[tuple[str, Iterable[ast.Expression | None]], ...] = (
        ("WHERE", [query.where]),
        ("GROUP BY", query.group_by),
        ("PARTITION BY", query.partition_by),
        ("HAVING", [query.having]),
        ("SELECT", [*_selected(query), *_structs(query)]),
    )
    for clause, nodes in clauses:
        for node in nodes:
            context.check_known(node, row, clause)


def _check_formats(context: Context) -> None:
    query = context.query
    names = ", ".join(alias for alias, source in context.inputs.items() if source.value_format == "KAFKA")
    for used, what in ((bool(query.joins), "JOIN"), (bool(query.group_by), "GROUP BY")):
        if names and used:
            raise context.fail(
                f"Source(s) {names} are using the 'KAFKA' value format. This format does not yet support "
                f"{what}.\n{_KAFKA_VALUES}"
            )


def _where(context: Context, row: Row) -> Typed | None:
    where = context.query.where
    return None if where is None else condition(context, row, where, Typer(row).typed, "WHERE")


# -- without GROUP BY ---------------------------------------------------------------------------------------


def _shape(context: Context, row: Row, joined: Joined | None) -> _Shape:
    if joined is not None:
        return _join_shape(context, row, joined)
    ((alias, source),) = context.inputs.items()

    def star(item: ast.SelectAll) -> Iterable[ast.SelectItem]:
        _check_star(context, item)
        return source_star(alias, source, item)

    kind = "TABLE_PROJECT" if source.kind == "TABLE" else "PROJECT"
    sources = (input_json(alias, source),)
    return _Shape(row, source_key(alias, source, row), star, sources, {"kind": kind})


def _join_shape(context: Context, row: Row, joined: Joined) -> _Shape:
    row = joined.row(row)
    if joined.viable:
        parts = ((joined.viable[0], joined.key),)
        key = Key("join expression", parts, tuple(map(text_of, joined.viable)), joined.viable)
    else:
        parts = ((ast.Column(SYNTHETIC_KEY), joined.key),)
        key = Key("join expression", parts, (SYNTHETIC_KEY,), synthetic=True)

    def star(item: ast.SelectAll) -> Iterable[ast.SelectItem]:
        _check_star(context, item)
        if key.synthetic and item.source is None:
            yield ast.SelectItem(ast.Column(SYNTHETIC_KEY), SYNTHETIC_KEY, position=item.position)
        for alias, source in context.inputs.items():
            if item.source in (None, alias):
                yield from source_star(alias, source, item, f"{alias}_")

    return _Shape(row, key, star, tuple(joined.inputs()), joined.operation(), joined)


def _check_star(context: Context, item: ast.SelectAll) -> None:
    if item.source is not None and item.source not in context.inputs:
        raise context.fail(f"{item.position}: source '{item.source}' in '*' cannot be resolved.")


def _projection(context: Context, shape: _Shape) -> Analysis:
    query = context.query
    source = next(iter(context.inputs.values()))
    where = _where(context, shape.row)
    key, star, by = shape.key, shape.star, None
    if query.partition_by:
        key, star, by = partitioned(context, shape.row, star)
    exploder = Exploder(shape.row)
    items = expand(context, shape.row, star)
    with context.reporting():
        typed = [exploder.typed(item.expression) for item in items]
    outputs = project(context, shape.row, items, typed, key)
    _check_emit(context)
    if shape.joined is not None:
        check_execution(context, shape.joined)
    sources = shape.sources
    if by is not None and shape.joined is None:
        sources = ({**sources[0], "by": by},)
    explode = {"explode": exploder.arrays} if exploder.arrays else {}
    return Analysis(
        context.inputs,
        "TABLE" if source.kind == "TABLE" else "STREAM",
        outputs,
        sources,
        {**shape.operation, **explode},
        where,
        context.partitions[next(iter(context.inputs))],
        source.window_type,
        source.window_size_ms,
        bool(query.partition_by) and not key.parts,
        query.limit,
        () if shape.joined is None else notices(shape.joined),
    )


# -- with GROUP BY ------------------------------------------------------------------------------------------


def _refuse_grouping(context: Context) -> None:
    query = context.query
    ((_, source), *others) = context.inputs.items()
    where = query.group_by[0].position if query.group_by else query.position
    if others and source.kind == "TABLE":
        raise context.refuse("GROUP BY of a join of tables", where)
    if others and max(context.partitions.values()) > 1:
        raise context.refuse("GROUP BY of a join of topics with several partitions", where)
    if source.window_type is not None:
        raise context.refuse("GROUP BY of a windowed stream", where)
    if query.partition_by:
        raise context.refuse("PARTITION BY with GROUP BY", query.partition_by[0].position)
    if query.limit is not None and context.persistent:
        raise context.refuse("LIMIT of a persistent query", query.position)


def _aggregation(context: Context, row: Row, joined: Joined | None) -> Analysis:
    _refuse_grouping(context)
    query = context.query
    shape = _shape(context, row, joined)
    row = shape.row
    grouping = aggregate.analyze_grouping(context, row)
    where = _where(context, row)
    items = expand(context, row, shape.star)
    grouping.check([item.expression for item in items], query.having)
    with context.reporting():
        typed = [grouping.typed(item.expression) for item in items]
        keys = [(node, grouping.typed(node)) for node in grouping.by]
    having = None
    if query.having is not None:
        having = condition(context, row, query.having, grouping.typed, "HAVING")
    key = Key("grouping expression", tuple(keys), tuple(row.shown(node) for node, _ in keys), grouped=True)
    if context.persistent and not query.group_by:
        raise context.fail(aggregate.no_group_by(grouping))
    outputs = project(context, row, items, typed, key)
    _check_emit(context)
    if joined is not None:
        check_execution(context, joined)
    window = query.window
    size = None if window is None or window.kind == "SESSION" else window.size.milliseconds
    operation: Json = {
        "kind": "AGGREGATE",
        "window": aggregate.window_json(window, query.emit == "FINAL"),
        "aggregates": grouping.aggregates,
        "final": query.emit == "FINAL",
        "having": None if having is None else having.json,
    }
    sources, operation, tasks = _grouped(context, shape, grouping, operation)
    return Analysis(
        context.inputs,
        "TABLE",
        outputs,
        sources,
        operation,
        where,
        tasks,
        None if window is None else window.kind,
        size,
        limit=query.limit,
        warnings=() if joined is None else notices(joined),
    )


def _grouped(
    context: Context, shape: _Shape, grouping: aggregate.Grouping, operation: Json
) -> tuple[tuple[Json, ...], Json, int]:
    """Return the inputs, the operation and the number of tasks of an aggregation."""
    alias, source = next(iter(context.inputs.items()))
    by = [typed.json for typed in grouping.by_typed]
    if shape.joined is not None:
        return shape.sources, {**shape.operation, "aggregate": {**operation, "by": by}}, 1
    if source.kind == "STREAM":
        return (input_json(alias, source, grouping.by_typed),), operation, context.partitions[alias]
    aggregate.check_table(grouping)
    # The rows of a table go from group to group: they have to be in one place.
    return shape.sources, {**operation, "kind": "TABLE_AGGREGATE", "by": by}, 1


def _check_emit(context: Context) -> None:
    query = context.query
    if query.emit == "FINAL" and not (query.group_by and query.window):
        raise context.fail("EMIT FINAL is only supported for windowed aggregations.")
