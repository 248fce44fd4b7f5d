"""Rows of /inserts-stream: JSON objects that become records of a source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import sql_type
from ksqlflink.errors import BadRequest, BadStatement, KsqlError
from ksqlflink.evaluator import casts
from ksqlflink.serde.errors import Unencodable
from ksqlflink.serde.json_text import dumps
from ksqlflink.statements.insert_values import ValueInserter, insertable
from ksqlflink.statements.world import World

_QUOTES = ("`", '"')
_JAVA = {
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    Decimal: "java.lang.Double",
    list: "io.vertx.core.json.JsonArray",
    dict: "io.vertx.core.json.JsonObject",
}
_PARSED = {t.TIMESTAMP: casts.parse_timestamp, t.DATE: casts.parse_date, t.TIME: casts.parse_time}
_NUMBERS = (int, Decimal)


class _Problem(Exception):
    """Why a row cannot be inserted."""


@dataclass(frozen=True)
class RowInserter:
    """Writes the rows of one request into its target."""

    world: World
    source: DataSource

    @classmethod
    def of(cls, line: str, world: World) -> RowInserter:
        """Return the inserter that the first line of a request asks for; KsqlError when there is none."""
        try:
            target = json.loads(line)["target"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadRequest(f"Invalid JSON in request: {error}") from error
        try:
            return cls(world, insertable(world, column_name(str(target))))
        except BadRequest as error:
            raise BadStatement(error.message) from error

    def insert(self, line: str, sequence: int) -> tuple[str, bool]:
        """Write a row; what to answer, and whether that is an acknowledgement."""
        try:
            row = json.loads(line, parse_float=Decimal)
            if not isinstance(row, dict):
                raise _Problem("Invalid JSON in inserts stream")
            ValueInserter(self.world).write(self.source, self._values(row))
        except ValueError:
            return _error(sequence, "Invalid JSON in inserts stream"), False
        except (_Problem, Unencodable) as problem:
            return _error(sequence, str(problem)), False
        except KsqlError as problem:
            return _error(sequence, problem.message), False
        return dumps({"seq": sequence, "status": "ok"}), True

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        given = {column_name(name): value for name, value in row.items()}
        for column in self.source.key_columns:
            if self.source.kind == "TABLE" and given.get(column.name) is None:
                raise _Problem(f"Key field must be specified: {column.name}")
        return {column.name: coerced(given.get(column.name), column.type) for column in self.source.columns}


def _error(sequence: int, message: str) -> str:
    members = {
        "@type": "InsertError",
        "status": "error",
        "seq": sequence,
        "message": message,
        "error_code": BadRequest.code,
    }
    return dumps(members)


def column_name(text: str) -> str:
    """Return a name as SQL would read it: upper-cased unless it is quoted."""
    return text[1:-1] if text[:1] in _QUOTES and text[-1:] == text[:1] and len(text) > 1 else text.upper()


def coerced(value: Any, kind: t.SqlType) -> Any:
    """Return a JSON value as a column's value; _Problem in ksqlDB's words when it is none."""
    if value is None:
        return None
    match kind:
        case t.Array(item) if isinstance(value, list):
            return [coerced(one, item) for one in value]
        case t.Map(_, item) if isinstance(value, dict):
            return {name: coerced(one, item) for name, one in value.items()}
        case t.Struct(fields) if isinstance(value, dict):
            given = {column_name(name): one for name, one in value.items()}
            return {name: coerced(given.get(name), item) for name, item in fields}
        case t.Decimal(_, scale) if isinstance(value, str | Decimal) or _is_number(value):
            return _decimal(value, scale, kind)
    return _plain(value, kind)


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _decimal(value: Any, scale: int, kind: t.SqlType) -> Decimal:
    try:
        fitted = Decimal(value).quantize(Decimal(1).scaleb(-scale))
    except ArithmeticError:
        raise _wrong(value, kind) from None
    if fitted != Decimal(value):
        raise _wrong(value, kind)
    return fitted


def _plain(value: Any, kind: t.SqlType) -> Any:
    if kind == t.STRING and isinstance(value, str):
        return value
    if kind == t.BOOLEAN and isinstance(value, bool):
        return value
    if kind in (t.INTEGER, t.BIGINT) and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == t.DOUBLE and _is_number(value):
        return float(value)
    if kind in _PARSED and isinstance(value, str):
        try:
            return _PARSED[kind](value)
        except ValueError as error:
            raise _Problem(str(error)) from error
    raise _wrong(value, kind)


def _wrong(value: Any, kind: t.SqlType) -> _Problem:
    java = _JAVA.get(type(value)) or ("java.lang.Integer" if abs(value) < 1 << 31 else "java.lang.Long")
    return _Problem(f"Can't coerce a field of type class {java} into type {sql_type(kind, quote_all=True)}")
