"""Waits until orders that were written again are in the collection or have come back as dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.clients.records import RecordReader
from macd.quality.waiting import Rescue, wait_until_settled
from macd.quality.watch import IDS_PER_QUERY, batched, is_replay
from macd.repair.dead_letters import FindStored

# Seconds. The sink takes a batch within moments; a connector that is restarting takes some more.
DEADLINE_S = 120.0
STALL_LIMIT_S = 45.0
Say = Callable[[str], None]


class Arrival(NamedTuple):
    """What became of the orders that were written again."""

    written: int
    stored: int
    returned: int

    @property
    def pending(self) -> int:
        """Neither stored nor back yet."""
        return self.written - self.stored - self.returned

    @property
    def done(self) -> bool:
        """Whether every one has gone one way or the other."""
        return not self.pending

    def __str__(self) -> str:
        rest = f", {self.pending:,} not stored yet" if self.pending else ""
        return f"{self.stored:,} stored, {self.returned:,} back as dead letters{rest}"


def wait_for_arrival(
    ids: Iterable[str],
    find: FindStored,
    returned: RecordReader,
    rescue: Rescue,
    say: Say = lambda _: None,
) -> Arrival:
    """`find` tells which of some orders have arrived; `returned` reads the dead-letter topic.

    A sink that fails meanwhile is brought back by `rescue`.
    """
    watch = ArrivalWatch(ids, find, returned)
    wait_until_settled(watch.look, DEADLINE_S, say, STALL_LIMIT_S, rescue=rescue)
    return watch.arrival


class ArrivalWatch:
    """Keeps the orders that have not arrived, and asks for these only."""

    def __init__(self, ids: Iterable[str], find: FindStored, returned: RecordReader) -> None:
        self._pending = dict.fromkeys(ids)
        self._find = find
        self._reader = returned
        self.arrival = Arrival(len(self._pending), 0, 0)

    def look(self) -> Arrival:
        """Blocks for a moment when nothing has come back."""
        returned = 0
        for records in self._reader.drain():
            for record in records:
                returned += is_replay(record) and self._settle(_id(record.key()))
        stored = 0
        for ids in batched(list(self._pending), IDS_PER_QUERY):
            stored += sum(self._settle(order_id) for order_id in self._find(ids))
        now = self.arrival
        self.arrival = now._replace(stored=now.stored + stored, returned=now.returned + returned)
        return self.arrival

    def _settle(self, order_id: str) -> bool:
        known = order_id in self._pending
        self._pending.pop(order_id, None)
        return known


def stored_ids(collection: Collection[Document]) -> FindStored:
    """Which of some order ids have a document."""

    def find(ids: list[str]) -> set[str]:
        return {str(found["_id"]) for found in collection.find({"_id": {"$in": ids}}, {"_id": 1})}

    return find


def _id(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")
