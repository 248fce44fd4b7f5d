"""INSERT INTO .. VALUES: literals and simple expressions become one record of the source's topic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Typed, TypeProblem
from ksqlflink.analysis.typer import Typer
from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect import types as t
from ksqlflink.dialect.columns import columns_of
from ksqlflink.dialect.formatter import back_quoted, expression, sql_type
from ksqlflink.errors import BadRequest, BadStatement, ServerProblem
from ksqlflink.evaluator import NotEvaluable, casts, compile_expression
from ksqlflink.serde import avro_schema as avro
from ksqlflink.serde.errors import Unencodable
from ksqlflink.serde.records import RecordWriter
from ksqlflink.statements.create_source import subject_of
from ksqlflink.statements.world import World

_ROWTIME = "ROWTIME"
_NOT_ALLOWED = ("ROWPARTITION", "ROWOFFSET", "WINDOWSTART", "WINDOWEND")
_NUMBERS = (t.INTEGER, t.BIGINT, t.Decimal, t.DOUBLE)


class _Problem(Exception):
    """Why the values cannot be inserted."""


@dataclass(frozen=True)
class ValueInserter:
    """Carries out INSERT VALUES statements."""

    world: World

    def insert(self, statement: st.InsertValues) -> None:
        """Write the record and wait until Kafka has it."""
        source = insertable(self.world, statement.target)
        try:
            values = _resolved(statement, source)
            self.write(source, values)
        except (_Problem, Unencodable) as problem:
            raise BadStatement(
                f"Failed to insert values into '{source.name}'. {problem}", masked(statement)
            ) from problem
        except ServerProblem as problem:
            raise BadStatement(
                f"Failed to insert values into '{source.name}'. {problem.message}", masked(statement)
            ) from problem

    def write(self, source: DataSource, values: Mapping[str, Any]) -> None:
        """Write a record of column values; ROWTIME among them is its timestamp."""
        self._register(source)
        key, value = RecordWriter(source, self.world.registry).write(values)
        timestamp = values.get(_ROWTIME, int(time.time() * 1000))
        self.world.records.write(source.topic, key, value, timestamp)

    def _register(self, source: DataSource) -> None:
        """Register the value's schema if somebody has removed it."""
        subject = subject_of(source.topic)
        columns = [column for column in source.columns if not column.key]
        if source.value_format == "AVRO" and columns and self.world.registry.latest(subject) is None:
            self.world.registry.register(subject, avro.value_schema(columns))


def insertable(world: World, name: str) -> DataSource:
    """Return the source of that name; BadRequest when nothing can be inserted into it."""
    source = world.catalogue.source(name)
    if source is None:
        raise BadRequest(f"Cannot insert values into an unknown stream/table: {back_quoted(name)}")
    if source.window_type is not None:
        raise BadRequest(f"Cannot insert values into windowed stream/table: {back_quoted(name)}")
    return source


def masked(statement: st.InsertValues) -> str:
    """Return the statement's text without its values, which may be secrets."""
    columns = ", ".join(map(back_quoted, statement.columns))
    values = ", ".join("'[value]'" for _ in statement.values)
    named = f" ({columns})" if columns else ""
    return f"INSERT INTO {back_quoted(statement.target)}{named} VALUES ({values});"  # noqa: S608 - a text to be shown


def _resolved(statement: st.InsertValues, source: DataSource) -> dict[str, Any]:
    names = statement.columns or tuple(column.name for column in source.columns)
    if statement.columns and len(names) != len(statement.values):
        counts = f"{len(names)}, {len(statement.values)}"
        raise BadStatement(
            f"Failed to prepare statement: Expected number columns and values to match: {counts}",
            masked(statement),
        )
    if len(names) != len(statement.values):
        given = ", ".join(map(expression, statement.values))
        raise _Problem(f"Expected a value for each column. Expected Columns: []. Got [{given}]")
    kinds = {column.name: column.type for column in source.columns} | {_ROWTIME: t.BIGINT}
    _check_columns(names, kinds)
    values = {
        name: value_of(item, kinds[name], name) for name, item in zip(names, statement.values, strict=True)
    }
    _check_key(source, values)
    if values.get(_ROWTIME, 0) is None:
        del values[_ROWTIME]
    return values


def _check_columns(names: tuple[str, ...], kinds: Mapping[str, t.SqlType]) -> None:
    for name in names:
        if name in _NOT_ALLOWED:
            raise _Problem(f"Inserting into column {back_quoted(name)} is not allowed.")
        if name not in kinds:
            raise _Problem(f"Column name {back_quoted(name)} does not exist.")


def _check_key(source: DataSource, values: Mapping[str, Any]) -> None:
    missing = [column.name for column in source.columns if column.key and column.name not in values]
    if source.kind == "TABLE" and missing:
        raise _Problem(f"Value for primary key column(s) {', '.join(missing)} is required for tables")


def value_of(item: ast.Expression, kind: t.SqlType, name: str) -> Any:
    """Return the column value that an expression gives."""
    column = next(columns_of(item), None)
    if column is not None:
        raise _Problem(f"{column.position}: a value cannot refer to the column {expression(column)}")
    typed = _typed(item)
    try:
        value = compile_expression(typed.json)({})
    except NotEvaluable as problem:
        raise _Problem(f"{item.position}: {problem} is not supported by ksqlflink") from problem
    except (ArithmeticError, ValueError, TypeError, LookupError) as problem:
        raise _Problem(str(problem)) from problem
    return coerce(value, typed.type, kind, name)


def _typed(item: ast.Expression) -> Typed:
    try:
        return Typer(Row.of({})).typed(item)
    except TypeProblem as problem:
        raise _Problem(problem.message) from problem


def coerce(value: Any, given: t.SqlType | None, wanted: t.SqlType, name: str) -> Any:
    """Return a value as its column's type, where ksqlDB converts it without being asked to."""
    if value is None:
        return None
    try:
        return _coerced(value, given, wanted)
    except (_Problem, ValueError, ArithmeticError) as problem:
        shown = "" if given is None else sql_type(given).split("<")[0].split("(")[0]
        raise _Problem(
            f"Expected type {sql_type(wanted, quote_all=True)} for field {back_quoted(name)} but got "
            f"{shown}({casts.to_text(value, given)})"
        ) from problem


_PARSED = {t.TIMESTAMP: casts.parse_timestamp, t.DATE: casts.parse_date, t.TIME: casts.parse_time}


def _coerced(value: Any, given: t.SqlType | None, wanted: t.SqlType) -> Any:
    if value is None or given == wanted:
        return value
    match given, wanted:
        case t.Array(item), t.Array(target):
            return [_coerced(one, item, target) for one in value]
        case t.Map(_, item), t.Map(_, target):
            return {key: _coerced(one, item, target) for key, one in value.items()}
        case t.Struct(fields), t.Struct(targets):
            return _struct(value, dict(fields), targets)
    if given == t.STRING and wanted in _PARSED:
        return _PARSED[wanted](value)
    if _rank(given) > _rank(wanted) or _rank(given) < 0:
        raise _Problem("no implicit conversion")
    return _number(value, wanted)


def _struct(
    value: Mapping[str, Any], given: Mapping[str, t.SqlType], targets: tuple[tuple[str, t.SqlType], ...]
) -> dict[str, Any]:
    unknown = given.keys() - {name for name, _ in targets}
    if unknown:
        raise _Problem("a field that the column has not")
    return {name: _coerced(value.get(name), given.get(name), kind) for name, kind in targets}


def _rank(kind: t.SqlType | None) -> int:
    """Return how wide a number type is; -1 for what is no number."""
    if isinstance(kind, t.Decimal):
        return _NUMBERS.index(t.Decimal)
    return _NUMBERS.index(kind) if kind in _NUMBERS else -1


def _number(value: Any, wanted: t.SqlType) -> Any:
    if not isinstance(wanted, t.Decimal):
        return float(value) if wanted == t.DOUBLE else int(value)
    number = Decimal(value)
    fitted = number.quantize(Decimal(1).scaleb(-wanted.scale))
    if fitted != number or len(fitted.as_tuple().digits) > wanted.precision:
        raise _Problem("more digits than the column holds")
    return fitted
