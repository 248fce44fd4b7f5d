"""Rows of /inserts-stream: JSON objects that become records of a source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import DataSource
from ksqlflink.errors import BadRequest, BadStatement, KsqlError
from ksqlflink.statements.insert_values import ValueInserter, insertable
from ksqlflink.statements.world import World

_QUOTES = ("`", '"')


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
            ValueInserter(self.world).write(self.source, self._given(_row(line)))
        except KsqlError as problem:
            return _error(sequence, problem.message), False
        return _line({"seq": sequence, "status": "ok"}), True

    def _given(self, row: Mapping[str, Any]) -> dict[str, Json]:
        given = {column_name(name): value for name, value in row.items()}
        for column in self.source.key_columns:
            if self.source.kind == "TABLE" and given.get(column.name) is None:
                raise BadRequest(f"Key field must be specified: {column.name}")
        return {column.name: {"json": given.get(column.name)} for column in self.source.columns}


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise BadRequest("Invalid JSON in inserts stream")
    return row


def _no_number(text: str) -> None:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(text)


def _error(sequence: int, message: str) -> str:
    members = {
        "@type": "InsertError",
        "status": "error",
        "seq": sequence,
        "message": message,
        "error_code": BadRequest.code,
    }
    return _line(members)


def _line(members: Json) -> str:
    return json.dumps(members, separators=(",", ":"))


def column_name(text: str) -> str:
    """Return a name as SQL would read it: upper-cased unless it is quoted."""
    return text[1:-1] if text[:1] in _QUOTES and text[-1:] == text[:1] and len(text) > 1 else text.upper()
