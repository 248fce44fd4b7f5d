"""Rows on their way to a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import back_quoted, sql_type
from ksqlflink.evaluator import casts
from ksqlflink.serde.json_text import dumps

LIMIT_REACHED = "Limit Reached"
COMPLETED = "Query Completed"


@dataclass(frozen=True)
class ResultRow:
    """A row's columns in the order of the header, as the JSON array that the client gets.

    A tombstone of a table has only its key.
    """

    text: str
    tombstone: bool = False


@dataclass(frozen=True)
class Header:
    """What comes before the rows; a column's key flag is shown for pull queries only."""

    query_id: str
    columns: tuple[Column, ...]

    def schema(self) -> str:
        """Return the columns as one text."""
        return ", ".join(
            f"{back_quoted(c.name)} {sql_type(c.type, quote_all=True)}{' KEY' if c.key else ''}"
            for c in self.columns
        )

    def names(self) -> list[str]:
        """Return the columns' names."""
        return [column.name for column in self.columns]

    def types(self) -> list[str]:
        """Return the columns' types as text."""
        return [sql_type(column.type, quote_all=True) for column in self.columns]


class Results(Protocol):
    """The rows of one query; used by one thread at a time."""

    header: Header
    is_push: bool

    def rows(self) -> Iterator[ResultRow | None]:
        """Yield rows, and None now and then while there is none; ends when the query does.

        A KsqlError says why a query that was running cannot go on.
        """

    def final_message(self) -> str | None:
        """Return what /query says behind the last row, if anything."""

    def close(self) -> None:
        """Give everything back; may be called at any time, also twice."""


def row_of(columns: Sequence[Column], values: Sequence[Any], tombstone: bool = False) -> ResultRow:
    """Return the row of these columns' values."""
    return ResultRow(dumps([shown(v, c.type) for v, c in zip(values, columns, strict=True)]), tombstone)


def shown(value: Any, kind: t.SqlType) -> Any:
    """Return a column value as results show it: times as ISO text."""
    if value is None:
        return None
    match kind:
        case t.Array(item):
            return [shown(one, item) for one in value]
        case t.Map(_, item):
            return {name: shown(one, item) for name, one in value.items()}
        case t.Struct(fields):
            return {name: shown(value.get(name), item) for name, item in fields}
    text = _TEXTS.get(kind)
    return value if text is None else text(value)


_TEXTS: dict[t.SqlType, Callable[[int], str]] = {
    t.TIMESTAMP: casts.timestamp_text,
    t.DATE: casts.date_text,
    t.TIME: casts.time_text,
}
