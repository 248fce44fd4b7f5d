"""Joins: which columns meet, which of them is the key of the result, and the window."""

from __future__ import annotations

from dataclasses import dataclass

from ksqlflink.analysis.context import Context
from ksqlflink.analysis.inputs import input_json
from ksqlflink.analysis.row import SYNTHETIC_KEY, Row
from ksqlflink.analysis.typed import Json, Typed, node, shown
from ksqlflink.analysis.typer import Typer
from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect.columns import columns_of
from ksqlflink.dialect.formatter import expression as text_of

_JOIN_DOCS = "https://docs.confluent.io/current/ksql/docs/syntax-reference.html#create-stream-as-select"
GRACE_NOTICE = (
    "DEPRECATION NOTICE: Stream-stream joins statements without a GRACE PERIOD will not be accepted in "
    "a future ksqlDB version.\nPlease use the GRACE PERIOD clause as specified in "
    "https://docs.ksqldb.io/en/latest/developer-guide/ksqldb-reference/select-push-query/"
)
_NAMES = {
    "INNER": "[INNER] JOIN",
    "LEFT": "LEFT [OUTER] JOIN",
    "RIGHT": "RIGHT [OUTER] JOIN",
    "FULL": "[FULL] OUTER JOIN",
}


@dataclass(frozen=True)
class Side:
    """One side of a join: its source, what it is joined by, and that expression on its own rows."""

    alias: str
    source: DataSource
    expression: ast.Expression
    typed: Typed

    @property
    def keeps_key(self) -> bool:
        """Whether the rows already lie by the join expression."""
        keys = self.source.key_columns
        return len(keys) == 1 and self.expression == ast.Column(keys[0].name, self.alias)


@dataclass(frozen=True)
class Joined:
    """A join; `viable` are the columns that may stand for its key, none if the key is a column of its own."""

    join: ast.Join
    left: Side
    right: Side
    viable: tuple[ast.Column, ...]

    @property
    def key(self) -> Typed:
        """The key of a joined row."""
        match self.join.kind:
            case "FULL":
                sides = [self.left.typed, self.right.typed]
                return node("call", self.left.typed.type, sides, name="COALESCE")
            case "RIGHT":
                return self.right.typed
        return self.left.typed

    @property
    def with_table(self) -> bool:
        """Whether the right side is a table."""
        return self.right.source.kind == "TABLE"

    @property
    def of_tables(self) -> bool:
        """Whether both sides are tables, and the result is one."""
        return self.left.source.kind == "TABLE"

    def row(self, row: Row) -> Row:
        """Return the joined row, with its key if that is a column of its own."""
        return row if self.viable else row.with_columns({SYNTHETIC_KEY: self.key})

    def inputs(self) -> list[Json]:
        """Return both inputs of the plan."""
        name, described = self._key_format(), []
        for side in (self.left, self.right):
            by = None if _stays(side, name) else [side.typed]
            described.append(input_json(side.alias, side.source, by, name))
        return described

    def _key_format(self) -> str:
        """Return the format the keys meet in: that of a side whose rows stay where they are."""
        for side in (self.left, self.right):
            if side.keeps_key:
                return side.source.key_format
        formats = [side.source.key_format for side in (self.left, self.right)]
        return next((name for name in formats if name != "NONE"), "KAFKA")

    def operation(self) -> Json:
        """Return the operation of the plan."""
        within = self.join.within
        if within is None:
            kind = "TABLE_TABLE_JOIN" if self.of_tables else "TABLE_JOIN"
            return {"kind": kind, "type": self.join.kind}
        grace = None if within.grace is None else within.grace.milliseconds
        return {
            "kind": "JOIN",
            "type": self.join.kind,
            "before": within.before.milliseconds,
            "after": within.after.milliseconds,
            "grace": grace,
        }


def _stays(side: Side, key_format: str) -> bool:
    # ksqlDB repartitions keys whose schema is in the registry: their bytes hold a schema id.
    same = side.source.key_format == key_format and key_format != "AVRO"
    return side.source.kind == "TABLE" or (side.keeps_key and same)


def analyze_join(context: Context, row: Row) -> Joined:
    """Return the join of a query that has one."""
    query = context.query
    if len(query.joins) > 1:
        raise context.refuse("Joining more than two sources", query.joins[1].position)
    (join,) = query.joins
    if query.source.name == join.source.name:
        raise context.fail(
            f"Can not join '{join.source.name}' to '{join.source.name}': self joins are not yet supported."
        )
    left, right = _sides(context, join, row)
    _check_windows(context, left, right)
    _check_kinds(context, join, left, right)
    columns = [side.expression for side in (left, right)]
    viable = tuple(column for column in columns if isinstance(column, ast.Column))
    return Joined(join, left, right, () if join.kind == "FULL" else viable)


def _sides(context: Context, join: ast.Join, row: Row) -> tuple[Side, Side]:
    criteria = join.criteria
    if not isinstance(criteria, ast.Binary) or criteria.operator in ("AND", "OR"):
        raise context.fail(_bad_criteria(criteria))
    if criteria.operator != "=":
        raise context.fail("Only equality join criteria is supported.")
    by_alias = {}
    for expression in (criteria.left, criteria.right):
        context.check_known(expression, row, "JOIN ON")
        sources = {column.source for column in columns_of(expression)}
        if len(sources) != 1:
            raise context.fail(
                f"Invalid comparison expression '{text_of(expression)}' in join '{text_of(criteria)}'. Each "
                "side of the join comparision must contain references from exactly one source."
            )
        by_alias[sources.pop()] = expression
    if len(by_alias) == 1:
        (alias,) = by_alias
        raise context.fail(
            "Each side of the join must reference exactly one source and not the same source. Left side "
            f"references `{alias}` and right references `{alias}`"
        )
    with context.reporting():
        sides = [
            Side(alias, source, by_alias[alias], Typer(row).typed(by_alias[alias]))
            for alias, source in context.inputs.items()
        ]
    return sides[0], sides[1]


def _bad_criteria(criteria: ast.Expression) -> str:
    if isinstance(criteria, ast.Binary) and all(
        isinstance(side, ast.Binary) and side.operator == "=" for side in (criteria.left, criteria.right)
    ):
        return (
            "Invalid join condition: joins on multiple conditions are not yet supported. "
            f"Got {text_of(criteria)}."
        )
    return f"Unsupported join expression: {text_of(criteria)}"


def _check_windows(context: Context, left: Side, right: Side) -> None:
    if left.source.window_type is None and right.source.window_type is None:
        return
    context.check_windowed_tables()
    if left.source.window_type is None or right.source.window_type is None:
        lines = [f"`{side.alias}` is {side.source.window_type or 'not'} windowed" for side in (left, right)]
        raise context.fail("Can not join windowed source to non-windowed source.\n" + "\n".join(lines))
    if (left.source.window_type, left.source.window_size_ms) != (
        right.source.window_type,
        right.source.window_size_ms,
    ):
        raise context.fail(
            "Implicit repartitioning of windowed sources is not supported. See "
            "https://github.com/confluentinc/ksql/issues/4385."
        )
    raise context.refuse("Joining windowed sources", context.query.joins[0].position)


def _check_kinds(context: Context, join: ast.Join, left: Side, right: Side) -> None:
    names = f"{left.source.name} {_NAMES[join.kind]} {right.source.name}"
    if left.source.kind == "TABLE" and right.source.kind == "STREAM":
        raise context.fail(
            f"Invalid join order: table-stream joins are not supported; only stream-table joins. Got {names}."
        )
    if left.source.kind == "TABLE":
        _check_tables(context, join, left, right)
        return
    if right.source.kind == "TABLE":
        _check_table(context, join, right, names)
    if left.typed.type != right.typed.type:
        kinds = " vs ".join(shown(side.typed.type) for side in (left, right))
        raise context.fail(f"Invalid join. Key types differ: {kinds}")


def _check_tables(context: Context, join: ast.Join, left: Side, right: Side) -> None:
    if not right.keeps_key:
        raise context.fail(
            "Invalid join condition: table-table joins require to join on the primary key of the right input "
            f"table. Got {_as_written(join, left, right)}."
        )
    if left.typed.type != right.typed.type:
        raise context.fail(
            f"Invalid join condition: types don't match. Got {_as_written(join, left, right, kinds=True)}."
        )
    if not left.keeps_key:
        raise context.refuse("Joining two tables by a foreign key", join.position)


def _as_written(join: ast.Join, left: Side, right: Side, *, kinds: bool = False) -> str:
    """Return the condition of a join with its sides in the order they were written in."""
    criteria = join.criteria
    swapped = isinstance(criteria, ast.Binary) and criteria.left == right.expression
    sides = (right, left) if swapped else (left, right)
    return " = ".join(
        text_of(side.expression) + (f"{{{shown(side.typed.type)}}}" if kinds else "") for side in sides
    )


def _check_table(context: Context, join: ast.Join, right: Side, names: str) -> None:
    if join.kind == "FULL":
        raise context.fail(
            f"Invalid join type: full-outer join not supported for stream-table join. Got {names}."
        )
    if not right.keeps_key:
        criteria = join.criteria
        sides = (text_of(criteria.left), text_of(criteria.right)) if isinstance(criteria, ast.Binary) else ()
        raise context.fail(
            "Invalid join condition: stream-table joins require to join on the table's primary key. "
            f"Got {' = '.join(sides)}."
        )


def check_execution(context: Context, joined: Joined) -> None:
    """Refuse what ksqlDB finds only when it builds the join: window, kind, partitions."""
    _check_partitions(context, joined)
    within = joined.join.within
    if joined.of_tables:
        _check_no_window(context, within)
        return
    if joined.with_table and within is not None:
        raise context.fail(
            "A window definition was provided for a Stream-Table join. These joins are not windowed. Please "
            "drop the window definition (ie. the WITHIN clause) and try to execute your join again."
        )
    if joined.with_table and joined.join.kind == "RIGHT":
        raise context.fail(f"Invalid join type encountered: {_NAMES['RIGHT']}")
    if not joined.with_table and within is None:
        raise context.fail(
            "Stream-Stream joins must have a WITHIN clause specified. None was provided. To learn about how "
            f"to specify a WITHIN clause with a stream-stream join, please visit: {_JOIN_DOCS}"
        )


def _check_no_window(context: Context, within: ast.Within | None) -> None:
    if within is not None:
        raise context.fail(
            "A window definition was provided for a Table-Table join. These joins are not windowed. Please "
            "drop the window definition (i.e. the WITHIN clause) and try to execute your Table-Table join "
            "again."
        )


def _check_partitions(context: Context, joined: Joined) -> None:
    left, right = joined.left.alias, joined.right.alias
    one, other = context.partitions[left], context.partitions[right]
    if one != other:
        raise context.fail(
            f"Can't join `{left}` with `{right}` since the number of partitions don't match. `{left}` "
            f"partitions = {one}; `{right}` partitions = {other}. Please repartition either one so that the "
            "number of partitions match."
        )


def notices(joined: Joined) -> tuple[str, ...]:
    """Return what ksqlDB warns about."""
    within = joined.join.within
    return (GRACE_NOTICE,) if within is not None and within.grace is None else ()
