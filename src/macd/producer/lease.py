"""One producer a run: whoever produces it holds a lease in its manifest, and renews it as long as it goes on.

Times are those of the MongoDB server, which notes them, or differences of this machine's monotonic clock; the
clocks of two machines are never compared. Whoever cannot renew its lease stops well before somebody else may
take it: when the next one looks at the topics, what was handed to Kafka before is there, or never will be.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn, TypeVar

import pymongo
from pymongo.errors import PyMongoError
from tenacity import RetryCallState, Retrying, retry_if_result, wait_fixed

from macd.errors import DeadlineExceeded, LeaseLost
from macd.producer.manifest import Manifest
from macd.producer.store import RunStore

# Without a renewal for so long a run is free for the next producer.
LEASE = timedelta(seconds=30)
# Seconds. Several renewals may fail before the producer stops, and it stops before its lease is over.
RENEW_EVERY_S = 5.0
STOP_AFTER_S = 20.0
_ANSWER_WITHIN_S = 5.0
_LOOK_EVERY_S = 1.0
Say = Callable[[str], None]
Item = TypeVar("Item")


class Lease:
    """The right of one attempt to produce a run; `manifest` is the run as it was when it was taken."""

    def __init__(self, store: RunStore, begun: Manifest, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()} ({secrets.token_hex(4)})"
        self._renewed = self._tried = clock()
        self.manifest = begun

    def take(self, say: Say, sleep: Callable[[float], None] = time.sleep) -> Manifest:
        """Waits until the run is this attempt's, or complete; DeadlineExceeded when it stays another's."""
        taking = Retrying(
            retry=retry_if_result(self._is_anothers),
            stop=lambda attempt: attempt.idle_for > LEASE.total_seconds(),
            wait=wait_fixed(_LOOK_EVERY_S),
            before_sleep=lambda attempt: _tell(attempt, say),
            retry_error_callback=_refuse,
            sleep=sleep,
        )
        self.manifest = taking(self._try)
        return self.manifest

    def keep(self) -> None:
        """To be called all the time; renews the lease when it is due.

        Raises LeaseLost when another attempt has taken the run, PyMongo's error when MongoDB has not answered
        for too long.
        """
        now = self._clock()
        if now - self._tried < RENEW_EVERY_S:
            return
        self._tried = now
        try:
            with pymongo.timeout(_ANSWER_WITHIN_S):
                renewed = self._store.renew(self.manifest)
        except PyMongoError:
            if self._clock() - self._renewed >= STOP_AFTER_S:
                raise
            return
        if not renewed:
            raise self.lost()
        self._renewed = now

    def keeping(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with a look at the lease before each."""
        for item in items:
            self.keep()
            yield item

    def free(self) -> None:
        """Lets the next attempt begin at once; for an attempt of which nothing is under way any more."""
        with suppress(PyMongoError):
            self._store.note(self.manifest, lease=None)

    def lost(self) -> LeaseLost:
        """What an attempt says that finds the run taken by another."""
        return LeaseLost(
            f"Another producer has taken over run '{self.manifest.run_id}' from {self._owner}.",
            remedy="Nothing more is sent from here. Leave it to that one, or seed again when it is done.",
        )

    def _try(self) -> Manifest:
        self._renewed = self._tried = self._clock()
        return self._store.take(self.manifest.run_id, self._owner, LEASE)

    def _is_anothers(self, found: Manifest) -> bool:
        return found.status == "started" and (found.lease is None or found.lease.owner != self._owner)


def _tell(attempt: RetryCallState, say: Say) -> None:
    if attempt.attempt_number == 1:
        limit = f"{LEASE.total_seconds():.0f} s"
        say(f"{_whose(attempt)}; waiting up to {limit} for its end, or for the end of its lease.")


def _refuse(attempt: RetryCallState) -> NoReturn:
    raise DeadlineExceeded(
        f"{_whose(attempt)}, which goes on renewing its lease.",
        remedy="Wait for it, or stop it and seed the run again: only what is missing is sent.",
    )


def _whose(attempt: RetryCallState) -> str:
    found: Manifest = attempt.outcome.result()  # type: ignore[union-attr]
    lease = found.lease
    since = f" by {lease.owner} since {lease.since:%H:%M:%S} UTC" if lease else ""
    return f"Run '{found.run_id}' is being seeded{since}"
