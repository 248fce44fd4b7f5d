"""The three shapes rows are sent in: /query's array, a JSON array, and one JSON value a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ksqlflink.results.rows import Header, ResultRow, Results, shown
from ksqlflink.serde.json_text import dumps

Writer = Callable[[Results], Iterator[str]]


def _columns(header: Header, row: ResultRow) -> list[Any]:
    return [shown(value, c.type) for value, c in zip(row.columns, header.columns, strict=True)]


def write_old(results: Results) -> Iterator[str]:
    """The array of /query: header, rows and a final message, each an object; '' while there is nothing."""
    header = {"header": {"queryId": results.header.query_id, "schema": results.header.schema()}}
    # A push query ends each line as soon as it is written; a pull query begins the next one.
    before, after = ("", ",\n") if results.is_push else (",\n", "")
    yield f"[{dumps(header)}{after}"
    for row in results.rows():
        yield "" if row is None else f"{before}{dumps(_old_row(results.header, row))}{after}"
    message = results.final_message()
    yield f"{before}{dumps({'finalMessage': message})}]" if message is not None else "]"


def _old_row(header: Header, row: ResultRow) -> dict[str, Any]:
    columns = _columns(header, row)
    return {"row": {"columns": columns, "tombstone": True} if row.tombstone else {"columns": columns}}


def _new_header(header: Header) -> str:
    members = {
        "queryId": header.query_id,
        "columnNames": header.names(),
        "columnTypes": header.types(),
    }
    return dumps(members)


def write_lines(results: Results) -> Iterator[str]:
    """One JSON value a line: the header object, then an array for each row."""
    yield _new_header(results.header) + "\n"
    for row in results.rows():
        yield "" if row is None else dumps(_columns(results.header, row)) + "\n"


def write_array(results: Results) -> Iterator[str]:
    """One JSON array of the header object and an array for each row."""
    yield "[" + _new_header(results.header)
    for row in results.rows():
        yield "" if row is None else "," + dumps(_columns(results.header, row))
    yield "]"
