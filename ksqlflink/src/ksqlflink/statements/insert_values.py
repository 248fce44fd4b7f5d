"""INSERT INTO .. VALUES: literals and simple expressions become one record of the source's topic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Json, TypeProblem
from ksqlflink.analysis.typer import Typer
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect import types as t
from ksqlflink.dialect.columns import columns_of
from ksqlflink.dialect.formatter import back_quoted, expression
from ksqlflink.errors import BadRequest, BadStatement, ServerProblem
from ksqlflink.statements.world import World
from ksqlflink.worker.records import bytes_of, column_json, key_format, value_format

_ROWTIME = Column("ROWTIME", t.BIGINT)
_NOT_ALLOWED = ("ROWPARTITION", "ROWOFFSET", "WINDOWSTART", "WINDOWEND")


class _Problem(ServerProblem):
    """Why the values cannot be inserted."""


@dataclass(frozen=True)
class ValueInserter:
    """Carries out INSERT VALUES statements."""

    world: World

    def insert(self, statement: st.InsertValues) -> None:
        """Write the record and wait until Kafka has it."""
        source = insertable(self.world, statement.target)
        try:
            given = {name: {"expr": expr} for name, expr in _expressions(statement, source).items()}
            self.write(source, given)
        except ServerProblem as problem:
            raise BadStatement(
                f"Failed to insert values into '{source.name}'. {problem.message}", masked(statement)
            ) from problem

    def write(self, source: DataSource, given: Mapping[str, Json]) -> None:
        """Write a record: what its columns are given, as the worker takes it; ROWTIME is its timestamp."""
        every = (*source.columns, _ROWTIME)
        written = self.world.worker.call(
            "write",
            columns=[column_json(column, **given.get(column.name, {})) for column in every],
            key=key_format(source, self.world.registry),
            value=value_format(source, self.world.registry),
        )
        timestamp = _timestamp(written["rowtime"])
        key, value = bytes_of(written["key"]), bytes_of(written["value"])
        self.world.records.write(source.topic, key, value, timestamp)


def _timestamp(given: int | None) -> int:
    if given is None:
        return int(time.time() * 1000)
    if given < 0:
        raise _Problem(f"Invalid timestamp: {given}. Timestamp should always be non-negative or null.")
    return given


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


def _expressions(statement: st.InsertValues, source: DataSource) -> dict[str, Json]:
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
    _check_columns(names, source)
    return {name: _typed(item) for name, item in zip(names, statement.values, strict=True)}


def _check_columns(names: tuple[str, ...], source: DataSource) -> None:
    known = {column.name for column in (*source.columns, _ROWTIME)}
    for name in names:
        if name in _NOT_ALLOWED:
            raise _Problem(f"Inserting into column {back_quoted(name)} is not allowed.")
        if name not in known:
            raise _Problem(f"Column name {back_quoted(name)} does not exist.")
    missing = [column.name for column in source.key_columns if column.name not in names]
    if source.kind == "TABLE" and missing:
        raise _Problem(f"Value for primary key column(s) {', '.join(missing)} is required for tables")


def _typed(item: ast.Expression) -> Json:
    column = next(columns_of(item), None)
    if column is not None:
        raise _Problem(f"{column.position}: a value cannot refer to the column {expression(column)}")
    try:
        return Typer(Row.of({})).typed(item).json
    except TypeProblem as problem:
        raise _Problem(problem.message) from problem
