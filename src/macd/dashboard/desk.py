"""Where questions are asked: a few threads of the dashboard's own, a short memory, and an end to waiting.

FastAPI would answer in the threads that all of Airflow's API shares; a service that hangs would then take
those, one page after the other, until nothing of Airflow answers any more.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from cachetools import TLRUCache

from macd.errors import Busy, MacdError, RunNotFound

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
# As many questions as a page has. More than that wait for their turn; whoever comes after those is sent away.
THREADS = 8
MOST_WAITING = 24
# Different questions are few (a page's sections and ranges); this bounds what a script could ask for.
MOST_KEPT = 64
# Seconds. The page asks again after five; a question goes on after its askers have left, and its answer is
# kept for the next one. That a service does not answer is an answer as well.
PATIENCE_S = 10.0
ERROR_S = 3.0
AGAIN_S = 5


class Question(NamedTuple):
    """What tells a question from others, and for how many seconds its answer holds."""

    key: Hashable
    holds_s: float


class Desk:
    """Of several who ask the same at once one is worked for and all are told."""

    def __init__(
        self,
        threads: int = THREADS,
        most_waiting: int = MOST_WAITING,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dashboard")
        self._most_asked = threads + most_waiting
        self._patience_s = patience_s
        self._asked: dict[Question, Future[Any]] = {}
        self._kept: TLRUCache[Question, Future[Any]] = TLRUCache(MOST_KEPT, _until, clock)
        self._guard = threading.Lock()

    async def answer(self, question: Question, ask: Callable[[], Answer]) -> Answer:
        """The answer, or its MacdError; Busy when there is none in time. Only the event loop waits."""
        asked = asyncio.wrap_future(self._future(question, ask))
        asked.add_done_callback(_heard)
        # It is not cancelled when the time is over or the asker has left: others may wait for the same.
        done, _ = await asyncio.wait([asked], timeout=self._patience_s)
        if not done:
            raise _busy(f"There was no answer within {self._patience_s:g} s.")
        return asked.result()

    def _future(self, question: Question, ask: Callable[[], Answer]) -> Future[Answer]:
        with self._guard:
            found = self._kept.get(question) or self._asked.get(question)
            if found is not None:
                return found
            if len(self._asked) >= self._most_asked:
                raise _busy("The dashboard has too many questions to answer.")
            future = self._asked[question] = self._pool.submit(ask)
        # Without the guard: what is done already is kept at once, in this very thread.
        future.add_done_callback(lambda done: self._keep(question, done))
        return future

    def _keep(self, question: Question, done: Future[Any]) -> None:
        error = done.exception()
        with self._guard:
            del self._asked[question]
            # An error that nobody expects is a fault of ours, and gone with the next question.
            if error is None or isinstance(error, MacdError):
                self._kept[question] = done
        if isinstance(error, MacdError) and not isinstance(error, RunNotFound):
            log.warning("The dashboard's question %r: %s", question.key, error)


def _until(question: Question, done: Future[Any], now: float) -> float:
    return now + (question.holds_s if done.exception() is None else ERROR_S)


def _heard(done: asyncio.Future[Any]) -> None:
    """Asyncio complains of an error that came after all its askers had left."""
    if not done.cancelled():
        done.exception()


def _busy(why: str) -> Busy:
    return Busy(why, remedy=f"Ask again in {AGAIN_S} seconds.")
