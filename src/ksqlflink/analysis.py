"""What a persistent query means: its inputs, its join, and the columns it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ksqlflink import conditions
from ksqlflink.dialect import ast
from ksqlflink.dialect.formatter import expression as shown
from ksqlflink.dialect.formatter import identifier, sql_type
from ksqlflink.errors import BadStatement
from ksqlflink.model import Column, DataSource
from ksqlflink.properties import not_supported
from ksqlflink.sqltypes import SqlType

_SCHEMA_ERROR = "Could not determine output schema for query due to error: "
_DEFAULT_GRACE_MS = 24 * 3_600_000
_LONGEST_MS = 99 * 86_400_000  # a Flink interval literal holds two digits of days
_JOIN_DOCS = "https://docs.confluent.io/current/ksql/docs/syntax-reference.html#create-stream-as-select"
GRACE_NOTICE = (
    "DEPRECATION NOTICE: Stream-stream joins statements without a GRACE PERIOD will not be accepted in "
    "a future "
    "ksqlDB version.\nPlease use the GRACE PERIOD clause as specified in "
    "https://docs.ksqldb.io/en/latest/developer-guide/ksqldb-reference/select-push-query/"
)


@dataclass(frozen=True)
class Output:
    """A column of the sink and the source column it is a copy of."""

    column: Column
    origin: ast.Column


@dataclass(frozen=True)
class JoinWindow:
    """left_key = right_key; a right record joins from `before_ms` before to `after_ms` after the left one."""

    left_key: ast.Column
    right_key: ast.Column
    before_ms: int
    after_ms: int
    grace_ms: int


@dataclass(frozen=True)
class Analysis:
    """A query that can be run: inputs by alias in the order of FROM, outputs in the order of SELECT."""

    inputs: Mapping[str, DataSource]
    outputs: tuple[Output, ...]
    join: JoinWindow | None
    where: ast.Expression | None
    warnings: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the sink, the key first."""
        columns = [output.column for output in self.outputs]
        return tuple(sorted(columns, key=lambda column: not column.key))


@dataclass(frozen=True)
class Analyzer:
    """Analyses one CREATE STREAM AS SELECT; `raw` is its text as sent, `text` its formatted one."""

    sink: str
    inputs: Mapping[str, DataSource]
    raw: str
    text: str

    def analyze(self, query: ast.Query) -> Analysis:
        """Return the analysis of a qualified query; BadStatement says what is wrong or not supported."""
        self._refuse_unsupported(query)
        join = self._join(query)
        outputs = self._outputs(query, join)
        if query.where is not None:
            conditions.check(query.where, self._type, self.text)
        notices = (
            (GRACE_NOTICE,) if any(item.within and item.within.grace is None for item in query.joins) else ()
        )
        return Analysis(self.inputs, outputs, join, query.where, notices)

    def _fail(self, message: str) -> BadStatement:
        return BadStatement(_SCHEMA_ERROR + message, self.text)

    def _refuse_unsupported(self, query: ast.Query) -> None:
        for clause in query.refused:
            raise not_supported(clause.name, clause.position, self.raw)
        if query.emit == "FINAL":
            raise not_supported("EMIT FINAL", query.position, self.raw)
        for source in self.inputs.values():
            if source.kind != "STREAM":
                raise not_supported(f"Reading the table {source.name}", query.source.position, self.raw)
        for join in query.joins:
            if join.kind != "INNER":
                raise not_supported(f"{join.kind} JOIN", join.position, self.raw)
        if len(query.joins) > 1:
            raise not_supported("Joining more than two streams", query.joins[1].position, self.raw)

    # -- columns -------------------------------------------------------------------------------------------

    def _type(self, column: ast.Column) -> SqlType:
        source = self.inputs.get(column.source or "")
        found = source.column(column.name) if source else None
        if found is None:
            name = shown(column)
            raise self._fail(f"{column.position}: SELECT column '{name}' cannot be resolved.")
        return found.type

    def _origin(self, expression: ast.Expression) -> tuple[ast.Column, bool]:
        """Return the column an expression copies, and whether AS_VALUE asks for it in the value."""
        match expression:
            case ast.Column():
                return expression, False
            case ast.Call("AS_VALUE", (ast.Column() as column,)):
                return column, True
            case ast.Call(name):
                raise not_supported(f"The function {name} here", expression.position, self.raw)
            case _:
                raise not_supported(f"The expression {shown(expression)}", expression.position, self.raw)

    def _expanded(self, query: ast.Query, join: JoinWindow | None) -> list[ast.SelectItem]:
        items: list[ast.SelectItem] = []
        for item in query.items:
            if isinstance(item, ast.SelectItem):
                items.append(item)
                continue
            if item.source is not None and item.source not in self.inputs:
                raise self._fail(f"{item.position}: source '{item.source}' in '*' cannot be resolved.")
            for alias in [item.source] if item.source else self.inputs:
                items += self._star(alias, item, join)
        return items

    def _star(self, alias: str, item: ast.SelectAll, join: JoinWindow | None) -> list[ast.SelectItem]:
        source, prefix = self.inputs[alias], f"{alias}_" if join else ""
        joined_by = {join.left_key, join.right_key} if join else set()
        # Repartitioning a side moves its old key behind its value columns.
        last = [column for column in source.columns if join and column.key]
        last = [column for column in last if ast.Column(column.name, alias) not in joined_by]
        columns = [column for column in source.columns if column not in last] + last
        return [
            ast.SelectItem(
                ast.Column(c.name, alias, position=item.position), prefix + c.name, position=item.position
            )
            for c in columns
        ]

    def _outputs(self, query: ast.Query, join: JoinWindow | None) -> tuple[Output, ...]:
        outputs: list[Output] = []
        as_values: list[bool] = []
        for item in self._expanded(query, join):
            origin, as_value = self._origin(item.expression)
            outputs.append(Output(Column(item.alias or origin.name, self._type(origin)), origin))
            as_values.append(as_value)
        names = [output.column.name for output in outputs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            listed = ", ".join(f"`{name}`" for name in repeated)
            raise self._fail(f"The projection contains more than one column of the same name: {listed}")
        viable = [output for output, as_value in zip(outputs, as_values, strict=True) if not as_value]
        key = self._key(viable, join)
        return tuple(
            Output(Column(output.column.name, output.column.type, output is key), output.origin)
            for output in outputs
        )

    def _key(self, outputs: list[Output], join: JoinWindow | None) -> Output | None:
        """Return the output that becomes the record key: the join expression, or the source's own key."""
        if join:
            candidates = [join.left_key, join.right_key]
            wanted = f"the join expressions {shown(join.left_key)} or {shown(join.right_key)}"
        else:
            ((alias, source),) = self.inputs.items()
            if source.key is None:
                return None
            candidates = [ast.Column(source.key.name, alias)]
            wanted = f"the key column {identifier(source.key.name)}"
        for candidate in candidates:
            matches = [output for output in outputs if output.origin == candidate]
            if len(matches) > 1:
                aliases = " and ".join(output.column.name for output in matches)
                raise self._fail(
                    f"The projection contains a key column ({shown(candidate)}) more than once, aliased as: "
                    f"{aliases}.\nEach key column must only be in the projection once. "
                    "If you intended to copy the key into the value, then consider using the AS_VALUE "
                    "function to "
                    "indicate which key reference should be copied."
                )
            if matches:
                return matches[0]
        example = shown(candidates[0]) if join else identifier(candidates[0].name)
        raise self._fail(
            f"Key missing from projection (ie, SELECT). \nThe query used to build `{self.sink}` must include "
            f"{wanted} in its projection (eg, SELECT {example}...)."
        )

    # -- join ----------------------------------------------------------------------------------------------

    def _join(self, query: ast.Query) -> JoinWindow | None:
        if not query.joins:
            return None
        (join,) = query.joins
        if query.source.name == join.source.name:
            raise self._fail(
                f"Can not join '{join.source.name}' to '{join.source.name}': self joins are not yet "
                "supported."
            )
        if join.within is None:
            raise self._fail(
                "Stream-Stream joins must have a WITHIN clause specified. None was provided. To learn "
                "about how to "
                f"specify a WITHIN clause with a stream-stream join, please visit: {_JOIN_DOCS}"
            )
        left, right = self._join_keys(join.criteria)
        types = self._type(left), self._type(right)
        if types[0] != types[1]:
            names = " vs ".join(map(sql_type, types))
            raise self._fail(f"Invalid join. Key types differ: {names}")
        return self._window(left, right, join.within)

    def _window(self, left: ast.Column, right: ast.Column, within: ast.Within) -> JoinWindow:
        grace = within.grace.milliseconds if within.grace else _DEFAULT_GRACE_MS
        before, after = within.before.milliseconds, within.after.milliseconds
        if max(before, after, grace) > _LONGEST_MS:
            raise not_supported("A WITHIN or GRACE PERIOD of more than 99 days", within.position, self.raw)
        return JoinWindow(left, right, before, after, grace)

    def _join_keys(self, criteria: ast.Expression) -> tuple[ast.Column, ast.Column]:
        if not isinstance(criteria, ast.Binary) or criteria.operator != "=":
            raise self._fail("Only equality join criteria is supported.")
        sides = (criteria.left, criteria.right)
        for side in sides:
            if not isinstance(side, ast.Column):
                raise not_supported(f"{shown(side)} as a join expression", side.position, self.raw)
            self._type(side)
        columns = {side.source: side for side in sides if isinstance(side, ast.Column)}
        if len(columns) != len(sides):
            raise self._fail(
                f"Invalid comparison expression '{shown(criteria)}' in join: each side must refer to "
                "one source."
            )
        left, right = self.inputs
        return columns[left], columns[right]
