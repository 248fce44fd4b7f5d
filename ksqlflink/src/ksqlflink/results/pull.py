"""Pull queries: rows of a table as it is now, or of a stream as far as it has been written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ksqlflink.analysis import Analysis
from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import Column, DataSource
from ksqlflink.results.rows import COMPLETED, LIMIT_REACHED, Header, ResultRow
from ksqlflink.results.views import Views
from ksqlflink.services.records import Record, TopicReader, has_reached
from ksqlflink.statements.explain import transient_id
from ksqlflink.statements.world import World
from ksqlflink.worker.records import lots, record_json, schemas_of

_POLL_SECONDS = 0.2
_BOUNDS = ("WINDOWSTART", "WINDOWEND")
_ROWS = {"key": {"format": "NONE"}, "value": {"format": "ROW"}}


@dataclass(frozen=True)
class Projection:
    """The WHERE and the selected columns of a query over one source, as a plan for the worker."""

    alias: str
    source: DataSource
    plan: Json
    columns: tuple[Column, ...]
    limit: int | None

    @classmethod
    def of(cls, analysis: Analysis) -> Projection:
        """Return the projection of an analysis."""
        plan = analysis.plan()
        ((alias, source),) = analysis.inputs.items()
        columns = tuple(
            Column(column.name, column.type, _is_key(item["expr"], alias, source))
            for column, item in zip(analysis.columns, plan["select"], strict=True)
        )
        return cls(alias, source, {**plan, "sink": _ROWS}, columns, analysis.limit)

    def apply(self, records: Iterable[Record], world: World) -> Iterator[ResultRow]:
        """Yield what is selected of the records that fulfil the condition; unreadable ones are skipped."""
        for batch in lots(records):
            yield from map(ResultRow, self._rows(batch, world))

    def _rows(self, batch: list[Record], world: World) -> Iterator[str]:
        schemas = schemas_of(((record, self.source) for record in batch), world.registry)
        plan = {**self.plan, "schemas": schemas}
        left = [record_json(record) for record in batch]
        while left:
            answer = world.worker.call("select", plan=plan, records=left)
            yield from answer["rows"]
            left = left[answer["taken"] :]


def _is_key(expression: Json, alias: str, source: DataSource) -> bool:
    names = [column.name for column in source.key_columns]
    if source.window_type is not None:
        names += _BOUNDS
    return expression["op"] == "column" and expression["name"] in {f"{alias}.{name}" for name in names}


def wanted_keys(where: Json | None, alias: str, source: DataSource) -> Iterable[tuple[Json, ...]] | None:
    """Return the keys that a condition names with = or IN; None when it does not name all of the key."""
    named = [_choices(where, f"{alias}.{column.name}") if where else None for column in source.key_columns]
    choices = [found for found in named if found is not None]
    return product(*choices) if len(choices) == len(named) else None


def _choices(where: Json, name: str) -> Sequence[Json] | None:
    """Return the constants that a column must be one of, as far as the condition's AND says it."""
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
    return options if all(map(_is_constant, options)) else None


def _is_constant(option: Json) -> bool:
    if option["op"] in ("negate", "cast"):
        return _is_constant(option["args"][0])
    return bool(option["op"] == "literal")


class TablePull:
    """The rows of a table at the moment of the query."""

    is_push = False

    def __init__(self, projection: Projection, where: Json | None, query_id: str, views: Views) -> None:
        self.header = Header(f"query_{int(time.time() * 1000)}", projection.columns)
        keys = wanted_keys(where, projection.alias, projection.source)
        records = views.records(projection.source, query_id, keys)
        self._rows = projection.apply(records, views.world)
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
        self._world = world
        self._ends = world.topics.end_offsets(source.topic)
        self._reader: TopicReader | None = world.records.reader(source.topic, None, self._ends)
        self._message = COMPLETED

    def rows(self) -> Iterator[ResultRow | None]:
        """Yield the rows, and None while the next ones are read."""
        left = self._projection.limit
        while self._reader is not None and left != 0:
            found = [record for record in self._reader.poll(_POLL_SECONDS) if self._belongs(record)]
            for row in self._projection.apply(found, self._world):
                yield row
                left = None if left is None else left - 1
                if left == 0:
                    self._message = LIMIT_REACHED
                    return
            if has_reached(self._reader.position(), self._ends):
                return
            yield None

    def _belongs(self, record: Record) -> bool:
        return record.offset < self._ends.get(record.partition, 0) and record.value is not None

    def final_message(self) -> str:
        """Return whether all rows have been read, or as many as were wanted."""
        return self._message

    def close(self) -> None:
        """Stop reading."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
