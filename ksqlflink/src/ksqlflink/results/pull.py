"""Pull queries: rows of a table as it is now, or of a stream as far as it has been written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ksqlflink.analysis import Analysis
from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.errors import BadStatement
from ksqlflink.evaluator import Evaluate, NotEvaluable, casts, compile_expression, guarded
from ksqlflink.results.rows import COMPLETED, LIMIT_REACHED, Header, ResultRow, row_of
from ksqlflink.results.views import Key, Views, hashable
from ksqlflink.serde.errors import Undecodable
from ksqlflink.serde.records import RecordReader, Row
from ksqlflink.services.records import TopicReader, has_reached
from ksqlflink.statements.explain import transient_id
from ksqlflink.statements.world import World

_POLL_SECONDS = 0.2
_BOUNDS = ("WINDOWSTART", "WINDOWEND")


@dataclass(frozen=True)
class Projection:
    """The WHERE and the selected columns of a query over one source, ready to be evaluated."""

    alias: str
    source: DataSource
    where: Evaluate | None
    select: tuple[Evaluate, ...]
    columns: tuple[Column, ...]
    limit: int | None

    @classmethod
    def of(cls, analysis: Analysis, text: str) -> Projection:
        """Return the projection of an analysis; BadStatement for what the server cannot evaluate itself."""
        plan = analysis.plan()
        ((alias, source),) = analysis.inputs.items()
        try:
            where = plan["where"] and guarded(compile_expression(plan["where"]))
            select = tuple(guarded(compile_expression(item["expr"])) for item in plan["select"])
        except NotEvaluable as problem:
            raise BadStatement(f"{problem} is not supported by ksqlflink", text) from problem
        columns = tuple(
            Column(column.name, column.type, _is_key(item["expr"], alias, source))
            for column, item in zip(analysis.columns, plan["select"], strict=True)
        )
        return cls(alias, source, where, select, columns, analysis.limit)

    def apply(self, rows: Iterable[Row]) -> Iterator[ResultRow]:
        """Yield the selected columns of the rows that fulfil the condition."""
        for row in rows:
            values = self._values(row)
            if self.where is None or self.where(values):
                yield row_of(self.columns, [evaluate(values) for evaluate in self.select])

    def _values(self, row: Row) -> dict[str, Any]:
        timestamp = row.timestamp
        column = self.source.timestamp_column
        if column is not None and (row.values or {}).get(column) is not None:
            timestamp = _timestamp((row.values or {})[column])
        named = {**row.key, **(row.values or {}), "ROWTIME": timestamp}
        named |= {"ROWPARTITION": row.partition, "ROWOFFSET": row.offset}
        named |= dict(zip(_BOUNDS, row.window or (), strict=False))
        return {f"{self.alias}.{name}": value for name, value in named.items()}


def _timestamp(value: Any) -> int:
    return casts.parse_timestamp(value) if isinstance(value, str) else int(value)


def _is_key(expression: Json, alias: str, source: DataSource) -> bool:
    names = [column.name for column in source.key_columns]
    if source.window_type is not None:
        names += _BOUNDS
    return expression["op"] == "column" and expression["name"] in {f"{alias}.{name}" for name in names}


def wanted_keys(where: Json | None, alias: str, source: DataSource) -> list[Key] | None:
    """Return the keys that a condition names with = or IN; None when it does not name all of the key."""
    choices: list[Sequence[Any]] = []
    for column in source.key_columns:
        found = _choices(where, f"{alias}.{column.name}") if where else None
        if found is None:
            return None
        choices.append(found)
    keys: list[Key] = [()]
    for values in choices:
        keys = [(*key, hashable(value)) for key in keys for value in values]
    return keys


def _choices(where: Json, name: str) -> list[Any] | None:
    """Return the values that a column must have one of, as far as the condition's AND says it."""
    if where["op"] == "AND":
        found = (_choices(side, name) for side in where["args"])
        return next((values for values in found if values is not None), None)
    if where["op"] not in ("=", "IN"):
        return None
    subject, *options = where["args"]
    if where["op"] == "=" and subject["op"] != "column":
        subject, options = options[0], [subject]
    if subject["op"] != "column" or subject["name"] != name:
        return None
    if any(option["op"] != "literal" for option in options):
        return None
    return [compile_expression(option)({}) for option in options]


class TablePull:
    """The rows of a table at the moment of the query."""

    is_push = False

    def __init__(self, projection: Projection, where: Json | None, query_id: str, views: Views) -> None:
        self.header = Header(f"query_{int(time.time() * 1000)}", projection.columns)
        keys = wanted_keys(where, projection.alias, projection.source)
        rows = views.rows(projection.source, query_id, keys)
        self._rows = projection.apply(rows)
        self._limit = projection.limit

    def rows(self) -> Iterator[ResultRow | None]:
        """Yield the rows."""
        for number, row in enumerate(self._rows):
            if self._limit is not None and number >= self._limit:
                return
            yield row

    def final_message(self) -> None:
        """Return nothing: a pull query just ends."""

    def close(self) -> None:
        """Do nothing: the rows are in memory."""


class StreamPull:
    """The rows of a stream from its beginning to where it ended at the moment of the query."""

    is_push = True  # ksqlDB answers it as a push query that completes

    def __init__(self, projection: Projection, world: World) -> None:
        source = projection.source
        columns = tuple(Column(column.name, column.type) for column in projection.columns)
        self.header = Header(transient_id(projection.alias), columns)
        self._projection = projection
        self._codec = RecordReader(source, world.registry)
        self._ends = world.topics.end_offsets(source.topic)
        self._reader: TopicReader | None = world.records.reader(source.topic, None, self._ends)
        self._message = COMPLETED

    def rows(self) -> Iterator[ResultRow | None]:
        """Yield the rows, and None while the next ones are read."""
        left = self._projection.limit
        for row in self._projection.apply(self._read()):
            if left is not None and left <= 0:
                break
            left = None if left is None else left - 1
            yield row
            if left == 0:
                self._message = LIMIT_REACHED
                return

    def _read(self) -> Iterator[Row]:
        while self._reader is not None:
            batch = self._reader.poll(_POLL_SECONDS)
            for record in batch:
                if record.offset < self._ends.get(record.partition, 0) and record.value is not None:
                    try:
                        yield self._codec.read(record)
                    except Undecodable:
                        continue  # skipped, as a persistent query skips it
            if has_reached(self._reader.position(), self._ends):
                return

    def final_message(self) -> str:
        """Return whether all rows have been read, or as many as were wanted."""
        return self._message

    def close(self) -> None:
        """Stop reading."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
