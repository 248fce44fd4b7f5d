"""Follows a run through the join and the sink without blocking; reads on from where it was."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple

from pymongo.collection import Collection

from macd.clients.mongodb import Document, connected
from macd.clients.records import Held, RecordReader
from macd.producer.manifest import Manifest
from macd.producer.route import Route, route_of
from macd.producer.store import RunStore
from macd.redaction import redacted
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

REASON_HEADER = "__connect.errors.exception.message"
# On a record that was written to the joined topic again so that the sink stores it; no further pair.
REPLAY_HEADER = "macd.replay"
# Ids in one query: large enough to make round trips rare, small enough for any limit on a message.
IDS_PER_QUERY = 1_000
_MOST_COUNTED = 255
_OPEN_TRANSACTION = (
    "Nobody who reads committed records sees them. It ends by itself, at the latest when its producer's "
    "transaction.timeout.ms is over; `kafka-transactions.sh find-hanging` shows one that does not."
)
_CUT = (
    "no longer holds all that was written since the run began (its retention, or `--replace-streams`, which "
    "has it written again); only what it holds now counts as there."
)


# Seconds. Longer than queries take from one commit to the next, shorter than anybody waits at least.
OPEN_FOR_LONG_S = 4.0


class Progress(NamedTuple):
    """How far a run has come, in expected orders (`pairs`: order-payment pairs, duplicates included)."""

    expected: int
    joined: int
    stored: int
    dead_lettered: int
    pairs_expected: int
    pairs_joined: int
    records_read: int

    @property
    def done(self) -> bool:
        """Whether every expected pair is joined and every expected order stored or dead-lettered."""
        return self.pairs_joined == self.pairs_expected and self.accounted == self.expected

    @property
    def accounted(self) -> int:
        """Orders that are stored or dead-lettered."""
        return self.stored + self.dead_lettered

    def __str__(self) -> str:
        dead = f", {self.dead_lettered:,} dead-lettered" if self.dead_lettered else ""
        return f"{self.joined:,} joined, {self.stored:,} stored{dead} of {self.expected:,} orders expected"


class RunWatch:
    """One run's way through the joined and the dead-letter topic into the collection.

    One byte an order for each of `joined` (how often), `pairs` (how often it has to be) and `stored`.
    `unordered` are the joined keys that begin like the run's and belong to none of its orders.
    """

    def __init__(
        self, manifest: Manifest, route: Route, reader: RecordReader, collection: Collection[Document]
    ) -> None:
        self._route = route
        self._reader = reader
        self._collection = collection
        self._ids = manifest.run.order_ids
        self._order_id = self._ids.maker()
        self.pairs = bytearray(sale.pairs for sale in manifest.sales())
        self.joined = bytearray(len(self.pairs))
        self.stored = bytearray(len(self.pairs))
        self.dead_letters: dict[int, str] = {}
        self.unordered: Counter[bytes] = Counter()
        self._backlog: list[int] = []
        self._probe = 0
        self._records_read = 0
        self._expected = manifest.counts.expected
        self._pairs_expected = sum(self.pairs)
        self._orders_joined = self._pairs_joined = self._orders_stored = 0
        self._held: dict[tuple[str, int, int], float] = {}

    def look(self) -> Progress:
        """Reads what is new in the topics and asks MongoDB for what is joined but was not stored before."""
        for batch in self._reader.drain():
            self._records_read += len(batch)
            for record in batch:
                self._book_key(record.key() or b"", record)
        self._ask_for_backlog()
        self._note_held()
        return Progress(
            expected=self._expected,
            joined=self._orders_joined,
            stored=self._orders_stored,
            dead_lettered=sum(1 for n in self.dead_letters if self.pairs[n] and not self.stored[n]),
            pairs_expected=self._pairs_expected,
            pairs_joined=self._pairs_joined,
            records_read=self._records_read,
        )

    def _book_key(self, key: bytes, record: Any) -> None:
        number = self._ids.number(key)
        if number is not None:
            self._book(number, record)
        elif key.startswith(self._ids.prefix) and record.topic() == self._route.joined_topic:
            self.unordered[key] += 1

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why records of the run may be out of sight although they were written, and what to do."""
        held = (f"{each}. {_OPEN_TRANSACTION}" for each in self._held_for_long)
        cut = (f"topic {topic} {_CUT}" for topic in self._reader.cut)
        return (*held, *cut)

    def is_held_up(self, say: Callable[[str], None]) -> bool:
        """Whether waiting on makes sense although nothing moves; says why."""
        for each in self._held_for_long:
            say(f"waiting on: {each}")
        return bool(self._held_for_long)

    @property
    def _held_for_long(self) -> list[Held]:
        """A query that writes in transactions has one open at nearly any moment, and another the next."""
        since = monotonic() - OPEN_FOR_LONG_S
        return [each for each in self._reader.held if self._held.get(each[:3], math.inf) <= since]

    def _note_held(self) -> None:
        held = {each[:3] for each in self._reader.held}
        self._held = {each: self._held.get(each, monotonic()) for each in held}

    def _book(self, number: int, record: Any) -> None:
        if record.topic() == self._route.dead_letter_topic:
            self.dead_letters[number] = reason_of(record.headers())
            return
        if self.joined[number] == _MOST_COUNTED or is_replay(record):
            return
        self.joined[number] += 1
        if self.joined[number] <= self.pairs[number]:
            self._pairs_joined += 1
            if self.joined[number] == 1:
                self._orders_joined += 1
                self._backlog.append(number)

    def _ask_for_backlog(self) -> None:
        """Asks for the oldest orders not seen in MongoDB yet, and for some further on.

        The sink writes in the order of the topic, so behind a batch of which it has written nothing there is
        nothing either, and asking for all would slow the sink down. Unless it skipped that batch: hence the
        probe, which moves on with every look.
        """
        self._ask_from(0)
        self._probe = self._ask_from(self._probe if self._probe < len(self._backlog) else IDS_PER_QUERY)
        self._backlog = [number for number in self._backlog if not self.stored[number]]

    def _ask_from(self, position: int) -> int:
        """Asks batch by batch as long as each brings something; returns the position behind the last."""
        for start in range(position, len(self._backlog), IDS_PER_QUERY):
            position = start + IDS_PER_QUERY
            if not self._ask(self._backlog[start:position]):
                break
        return position

    def _ask(self, numbers: list[int]) -> int:
        """Marks those that are stored by now; returns how many."""
        ids = [self._order_id(number) for number in numbers if not self.stored[number]]
        if not ids:
            return 0
        found = [document["_id"] for document in self._collection.find({"_id": {"$in": ids}}, {"_id": 1})]
        for order_id in found:
            number = self._ids.number(str(order_id).encode())
            if number is not None:
                self.stored[number] = 1
        self._orders_stored += len(found)
        return len(found)


def is_replay(record: Any) -> bool:
    """Whether a record of the joined topic repeats one that is there already."""
    return any(name == REPLAY_HEADER for name, _ in record.headers() or ())


def reason_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str:
    """Why Kafka Connect could not write a record, from the headers of its dead letter."""
    for name, value in headers or ():
        if name == REASON_HEADER and value is not None:
            return redacted(value.decode(errors="replace"))
    return "no reason given (errors.deadletterqueue.context.headers.enable is off)"


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` of the items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@contextmanager
def watch_run(
    run_id: str, pipeline: PipelineSpec, services: Services, check: Callable[[], None] = lambda: None
) -> Iterator[RunWatch]:
    """A watch that stays connected; each `look` costs what is new, and ends when `check` raises something."""
    route = route_of(pipeline)
    with connected(services.mongodb) as database:
        manifest = RunStore(database).get(run_id)
        start = manifest.start_of((route.joined_topic, route.dead_letter_topic))
        with RecordReader(services.kafka, start, check=check) as reader:
            yield RunWatch(manifest, route, reader, database.client[route.database][route.collection])
