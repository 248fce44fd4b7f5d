"""Push queries: rows for as long as a client wants them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ksqlflink.errors import KsqlError
from ksqlflink.results.rows import LIMIT_REACHED, Header, ResultRow
from ksqlflink.results.runs import PlanRun

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.2


@dataclass
class PushQuery:
    """The rows of a running push query; `ended` is called once when it is closed."""

    header: Header
    text: str
    limit: int | None
    run: PlanRun
    ended: Callable[[], None]
    is_push: bool = True
    _message: str | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _open: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """Let the rows end, as /close-query wants it."""
        self._stopped.set()

    def rows(self) -> Iterator[ResultRow | None]:
        """Yield the rows as they come, and None while there is none."""
        left = self.limit
        try:
            for row in self._rows() if left != 0 else ():
                yield row
                left = left - 1 if left is not None and row is not None else left
                if left == 0:
                    break
        except KsqlError as error:
            _LOG.warning("%s ended: %s", self.header.query_id, error.message)
            raise
        self._message = LIMIT_REACHED if left == 0 else None

    def _rows(self) -> Iterator[ResultRow | None]:
        """Nothing more is read while the client has not taken the rows."""
        while not self._stopped.is_set():
            for row in self.run.rows(self.run.poll(_POLL_SECONDS)):
                if self._stopped.is_set():
                    return
                yield row
            yield None

    def final_message(self) -> str | None:
        """Return that the limit was reached; nothing when the query was ended."""
        return self._message

    def close(self) -> None:
        """Let go of everything."""
        self._stopped.set()
        if self._open.acquire(blocking=False):  # never released: it is closed once
            try:
                self.run.close()
            finally:
                self.ended()
