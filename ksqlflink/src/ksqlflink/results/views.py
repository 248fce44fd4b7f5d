"""Tables in memory, kept up to date from their topics, for pull queries.

They hold the records as they lie in the topic: a key is the same where its bytes are, as for Kafka itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from ksqlflink.catalogue.model import DataSource
from ksqlflink.errors import KsqlError, ServerProblem
from ksqlflink.services.records import Record, TopicReader, has_reached
from ksqlflink.statements.world import World
from ksqlflink.worker.errors import WorkerRefusal
from ksqlflink.worker.records import Json, bytes_of, column_json, key_format

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_IDLE_SECONDS = 300.0
_CATCH_UP_SECONDS = 60.0
_MOST_KEYS = 50  # above, reading the whole table is not slower
_BOUND_BYTES = 8  # the start of a window behind the key; of a session its end as well
_NOTHING = {"format": "NONE"}


class TableView:
    """The newest record of each key of one table; a thread of its own reads its topic while it is used."""

    def __init__(self, source: DataSource, world: World) -> None:
        self._source = source
        self._world = world
        topic = world.topics.find(source.topic)
        if topic is None:
            raise ServerProblem(f"The topic '{source.topic}' of {source.name} does not exist any more")
        self._reader: TopicReader = world.records.reader(topic.name, None, range(topic.partitions))
        # By key, and of a windowed table by the key with its window.
        self._records: dict[bytes, dict[bytes, Record]] = {}
        self._bounds = {None: 0, "SESSION": 2 * _BOUND_BYTES}.get(source.window_type, _BOUND_BYTES)
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

    def wait(self, ends: Mapping[int, int]) -> bool:
        """Wait until the view holds everything below the end offsets; False where it has been ended."""
        self._used = time.monotonic()
        with self._changed:
            caught_up = self._changed.wait_for(
                lambda: self.ended or has_reached(self._reader.position(), ends), _CATCH_UP_SECONDS
            )
        if self._failure is not None:
            raise ServerProblem(self._failure)
        if not caught_up:
            raise ServerProblem(f"Table {self._source.name} could not be read up to its end in time")
        return not self.ended

    def records(self, keys: Iterable[Sequence[Json]] | None) -> list[Record]:
        """Return the records of some keys, or all records, ordered by the bytes of their keys."""
        wanted = None if keys is None else self._written(keys)
        with self._changed:
            windows = self._records.values() if wanted is None else map(self._windows, wanted)
            found = [item for each in windows for item in each.items()]
        return [record for _, record in sorted(found, key=lambda item: item[0])]

    def _windows(self, key: bytes) -> dict[bytes, Record]:
        return self._records.get(key, {})

    def _written(self, keys: Iterable[Sequence[Json]]) -> set[bytes] | None:
        """Return the bytes of keys; None, to read all, where there are many or one is of another type."""
        few = list(islice(keys, _MOST_KEYS + 1))
        if len(few) > _MOST_KEYS:
            return None
        try:
            return {self._key(key) for key in few}
        except WorkerRefusal:
            return None

    def _key(self, values: Sequence[Json]) -> bytes:
        named = zip(self._source.key_columns, values, strict=True)
        columns = [column_json(column, expr=value) for column, value in named]
        written = self._world.worker.call("write", columns=columns, key=self._format, value=_NOTHING)
        return bytes_of(written["key"]) or b""

    @cached_property
    def _format(self) -> Json:
        return key_format(self._source, self._world.registry)

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
        key = record.key[: len(record.key) - self._bounds]
        windows = self._records.setdefault(key, {})
        if record.value is None:
            windows.pop(record.key, None)
        else:
            windows[record.key] = record
        if not windows:
            del self._records[key]


@dataclass
class Views:
    """The views that are in use, by table and the query that writes it."""

    world: World
    _views: dict[tuple[str, str], TableView] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def records(
        self, source: DataSource, query_id: str, keys: Iterable[Sequence[Json]] | None
    ) -> list[Record]:
        """Return a table's records as of now; keys are constants, one for each key column."""
        ends = self.world.topics.end_offsets(source.topic)
        view = self._view(source, query_id)
        if not view.wait(ends):
            # Nobody had used it for long: it ended just now.
            view = self._view(source, query_id)
            if not view.wait(ends):
                raise ServerProblem(f"The view of {source.name} was ended")
        return view.records(keys)

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
