"""Rows on their way to a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect.formatter import back_quoted, sql_type

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
