"""Push queries: a Flink job that ends with its client, over a topic that lives as long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ksqlflink.catalogue.model import DataSource
from ksqlflink.errors import KsqlError
from ksqlflink.results.rows import LIMIT_REACHED, Header, ResultRow, row_of
from ksqlflink.serde.errors import Undecodable
from ksqlflink.serde.records import RecordReader, Row
from ksqlflink.services.records import TopicReader
from ksqlflink.statements.world import World

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_CHECK_EVERY = 25  # empty polls between two looks at the job


@dataclass
class PushQuery:
    """The rows of a running push query.

    `end` ends its job and `failed` tells whether that has failed for good; `columns` of `sink` are in the
    order of the header.
    """

    header: Header
    text: str
    sink: DataSource
    limit: int | None
    world: World
    end: Callable[[], None]
    failed: Callable[[], str | None]
    is_push: bool = True
    _reader: TopicReader | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> None:
        """Begin to read the query's topic."""
        self._reader = self.world.records.reader(self.sink.topic, None, (0,))

    def stop(self) -> None:
        """Let the rows end, as /close-query wants it."""
        self._stopped.set()

    def rows(self) -> Iterator[ResultRow | None]:
        """Yield the rows as they come, and None while there is none."""
        codec, sent, idle = RecordReader(self.sink, self.world.registry), 0, 0
        if self.limit == 0:
            return
        while self._reader is not None and not self._stopped.is_set():
            batch = self._reader.poll(_POLL_SECONDS)
            for record in batch:
                try:
                    row = codec.read(record)
                except Undecodable as error:
                    _LOG.warning("a row of %s is skipped: %s", self.header.query_id, error)
                    continue
                yield self._row(row)
                sent += 1
                if sent == self.limit:
                    return
            idle = 0 if batch else idle + 1
            if not batch:
                yield None
            if idle % _CHECK_EVERY == _CHECK_EVERY - 1 and (reason := self.failed()) is not None:
                _LOG.warning("%s ended: %s", self.header.query_id, reason)
                return

    def _row(self, row: Row) -> ResultRow:
        values = {**row.key, **(row.values or {})}
        columns = [values.get(column.name) for column in self.sink.columns]
        return row_of(self.sink.columns, columns, row.values is None)

    def final_message(self) -> str | None:
        """Return that the limit was reached; nothing when the query was ended."""
        return None if self._stopped.is_set() else LIMIT_REACHED

    def close(self) -> None:
        """End the job and remove the topic."""
        self._stopped.set()
        with self._closing:
            reader, self._reader = self._reader, None
        if reader is None:
            return
        reader.close()
        try:
            self.end()
        except KsqlError as error:
            # The rest of it is removed when the server starts again.
            _LOG.warning("%s is not gone yet: %s", self.header.query_id, error.message)
