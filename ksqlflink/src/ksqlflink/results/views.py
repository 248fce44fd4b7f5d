"""Tables in memory, kept up to date from their topics, for pull queries."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ksqlflink.catalogue.model import DataSource
from ksqlflink.errors import KsqlError, ServerProblem
from ksqlflink.serde.errors import Undecodable
from ksqlflink.serde.records import RecordReader, Row
from ksqlflink.services.records import Record, TopicReader, has_reached
from ksqlflink.statements.world import World

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_IDLE_SECONDS = 300.0
_CATCH_UP_SECONDS = 60.0

Key = tuple[Hashable, ...]


def hashable(value: Any) -> Hashable:
    """Return a value that can be looked up by."""
    if isinstance(value, list):
        return tuple(hashable(item) for item in value)
    if isinstance(value, dict):
        return tuple((name, hashable(item)) for name, item in value.items())
    return value  # type: ignore[no-any-return]


class TableView:
    """The newest row of each key of one table; a thread of its own reads its topic while it is used."""

    def __init__(self, source: DataSource, world: World) -> None:
        self._source = source
        self._codec = RecordReader(source, world.registry)
        topic = world.topics.find(source.topic)
        if topic is None:
            raise ServerProblem(f"The topic '{source.topic}' of {source.name} does not exist any more")
        self._reader: TopicReader = world.records.reader(topic.name, None, range(topic.partitions))
        self._rows: dict[Key, dict[bytes, Row]] = {}
        self._changed = threading.Condition()
        self._failure: str | None = None
        self._ended = threading.Event()
        self._used = time.monotonic()
        threading.Thread(target=self._follow, name=f"view-{source.name}", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Tell whether the view is not kept up to date any more."""
        return self._ended.is_set()

    def end(self) -> None:
        """Stop reading."""
        self._ended.set()

    def wait(self, ends: Mapping[int, int]) -> None:
        """Wait until the view holds everything below the end offsets."""
        self._used = time.monotonic()
        with self._changed:
            caught_up = self._changed.wait_for(
                lambda: self.ended or has_reached(self._reader.position(), ends), _CATCH_UP_SECONDS
            )
        if self._failure is not None:
            raise ServerProblem(self._failure)
        if not caught_up or self.ended:
            raise ServerProblem(f"Table {self._source.name} could not be read up to its end in time")

    def rows(self, keys: Iterable[Key] | None) -> list[Row]:
        """Return the rows of some keys, or all rows, ordered by the bytes of their keys."""
        with self._changed:
            if keys is None:
                found = [item for windows in self._rows.values() for item in windows.items()]
            else:
                found = [item for key in dict.fromkeys(keys) for item in self._rows.get(key, {}).items()]
        return [row for _, row in sorted(found, key=lambda item: item[0])]

    def _follow(self) -> None:
        try:
            while not self.ended and time.monotonic() < self._used + _IDLE_SECONDS:
                batch = self._reader.poll(_POLL_SECONDS)
                with self._changed:
                    for record in batch:
                        self._apply(record)
                    self._changed.notify_all()
        except KsqlError as error:
            self._failure = error.message
            _LOG.warning("the view of %s ended: %s", self._source.name, error.message)
        finally:
            self._ended.set()
            self._reader.close()
            with self._changed:
                self._changed.notify_all()

    def _apply(self, record: Record) -> None:
        if record.key is None:
            return
        try:
            row = self._codec.read(record)
        except Undecodable as error:
            _LOG.warning("a record of %s is skipped: %s", self._source.name, error)
            return
        key = tuple(hashable(row.key.get(column.name)) for column in self._source.key_columns)
        windows = self._rows.setdefault(key, {})
        if row.values is None:
            windows.pop(record.key, None)
        else:
            windows[record.key] = row
        if not windows:
            del self._rows[key]


@dataclass
class Views:
    """The views that are in use, by table and the query that writes it."""

    world: World
    _views: dict[tuple[str, str], TableView] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, source: DataSource, query_id: str, keys: Iterable[Key] | None) -> list[Row]:
        """Return a table's rows as of now."""
        view = self._view(source, query_id)
        view.wait(self.world.topics.end_offsets(source.topic))
        return view.rows(keys)

    def _view(self, source: DataSource, query_id: str) -> TableView:
        """Return the view of a table; one of an earlier table of the same name is not used any more."""
        with self._lock:
            for name, view in list(self._views.items()):
                if view.ended or (name[0] == source.name and name[1] != query_id):
                    view.end()
                    del self._views[name]
            if (source.name, query_id) not in self._views:
                self._views[source.name, query_id] = TableView(source, self.world)
            return self._views[source.name, query_id]

    def close(self) -> None:
        """End all views."""
        with self._lock:
            for view in self._views.values():
                view.end()
            self._views.clear()
