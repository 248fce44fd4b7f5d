"""The three shapes rows are sent in: /query's array, a JSON array, and one JSON value a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

from ksqlflink.errors import KsqlError
from ksqlflink.results.rows import Header, ResultRow, Results

Writer = Callable[[Results], Iterator[str]]
dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


def _pieces(results: Results, shape: Callable[[ResultRow], str], failed: str) -> Iterator[str]:
    """Yield the rows in a shape; '' while there is nothing; and why it ends, where it fails, in `failed`."""
    try:
        for row in results.rows():
            yield "" if row is None else shape(row)
    except KsqlError as error:
        yield failed % dumps(error.body())


def write_old(results: Results) -> Iterator[str]:
    """The array of /query: header, rows and a final message, each an object; '' while there is nothing."""
    header = {"header": {"queryId": results.header.query_id, "schema": results.header.schema()}}
    # A push query ends each line as soon as it is written; a pull query begins the next one.
    before, after = ("", ",\n") if results.is_push else (",\n", "")
    yield f"[{dumps(header)}{after}"

    def shape(row: ResultRow) -> str:
        tombstone = ',"tombstone":true' if row.tombstone else ""
        return f'{before}{{"row":{{"columns":{row.text}{tombstone}}}}}{after}'

    yield from _pieces(results, shape, f'{before}{{"errorMessage":%s}}')
    message = results.final_message()
    yield f"{before}{dumps({'finalMessage': message})}]" if message is not None else "]"


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
    yield from _pieces(results, lambda row: row.text + "\n", "%s\n")


def write_array(results: Results) -> Iterator[str]:
    """One JSON array of the header object and an array for each row."""
    yield "[" + _new_header(results.header)
    yield from _pieces(results, lambda row: "," + row.text, ",%s")
    yield "]"
