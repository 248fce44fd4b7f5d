"""Writes skipped dead letters to the joined topic again: each once, however often it is interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from pymongo.collection import Collection

from macd.clients.mongodb import Document, connected
from macd.clients.offsets import extents
from macd.clients.records import Position, Record, RecordReader
from macd.errors import SpecError
from macd.producer.ids import prefix_of
from macd.producer.route import Route, route_of
from macd.producer.store import RunStore
from macd.quality.watch import REPLAY_HEADER
from macd.repair.affected import affected_runs, known_runs
from macd.repair.dead_letters import (
    ERROR_PREFIX,
    MOST_ATTEMPTS,
    PARTITION_HEADER,
    FindStored,
    Judged,
    Kind,
    Read,
    Span,
    headers_of,
    judge_all,
    place_of,
)
from macd.repair.settle import Arrival, stored_ids, wait_for_arrival
from macd.repair.transactions import Outgoing, Progress, ReaderGroup, Transactions
from macd.rescue.sinks import SinkRescue, restart_failed_sinks
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

Say = Callable[[str], None]
# So many of each kind are listed; the counts are of all.
LISTED = 50


@dataclass
class Classified:
    """What one look at the dead-letter topic found."""

    counts: Counter[Kind] = field(default_factory=Counter)
    listed: list[Judged] = field(default_factory=list)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    runs: tuple[str, ...] = ()

    def add(self, judged: Judged) -> None:
        """Counts one; keeps the first 50 of each kind that asks for attention."""
        self.counts[judged.kind] += 1
        if judged.kind is not Kind.STORED and self.counts[judged.kind] <= LISTED:
            self.listed.append(judged)
        key = judged.record.key()
        if judged.kind is Kind.SKIPPED:
            # One of a run's keys stands for all.
            self.keys.setdefault(prefix_of(key), key)

    @property
    def bad(self) -> int:
        """Those that are not replayed because nobody could store them, or nobody could so far."""
        return self.counts[Kind.BAD] + self.counts[Kind.EXHAUSTED]

    @property
    def verdict(self) -> str:
        """One line."""
        counts = self.counts
        others = (Kind.SUPERSEDED, Kind.FORGOTTEN)
        rest = "".join(f", {counts[kind]:,} {kind.value}" for kind in others if counts[kind])
        return (
            f"{counts[Kind.SKIPPED]:,} to replay, {self.bad:,} bad, "
            f"{counts[Kind.STORED]:,} already stored{rest}"
        )


class Replayed(NamedTuple):
    """What was written again, and what became of it by the end of the waiting."""

    written: int
    arrival: Arrival

    @property
    def verdict(self) -> str:
        """One line."""
        if not self.written:
            return "nothing was replayed"
        return f"{self.written:,} dead letters replayed: {self.arrival}"


def classify_dead_letters(
    pipeline: PipelineSpec,
    services: Services,
    *,
    from_beginning: bool = False,
    most_attempts: int = MOST_ATTEMPTS,
) -> Classified:
    """Looks at what no replay has looked at yet; writes nothing and commits nothing."""
    route = route_of(pipeline)
    found = Classified()
    with connected(services.mongodb) as database, _group(route, services) as group:
        collection = database.client[route.database][route.collection]
        span = _span(route, services, group, from_beginning, note="")
        forgot = known_runs(RunStore(database)).forgot
        for batch in judge_all(_reading(services), span, stored_ids(collection), most_attempts, forgot):
            for judged in batch:
                found.add(judged)
        found.runs = affected_runs(found.keys.values(), RunStore(database).all())
    return found


def replay_dead_letters(
    pipeline: PipelineSpec,
    services: Services,
    *,
    attempt_id: str,
    from_beginning: bool = False,
    most_attempts: int = MOST_ATTEMPTS,
    say: Say = lambda _: None,
) -> Replayed:
    """Replays what was only skipped and waits until each of those orders is stored or back again.

    `attempt_id` names this replay: called again with it, one that was killed goes on where it was, also
    with `from_beginning`. Bad dead letters are passed over and count as looked at. Sinks that failed, which
    an outage does to those without a dead-letter topic, are restarted first.
    """
    route = route_of(pipeline)
    restart_failed_sinks(pipeline, services, say)
    with connected(services.mongodb) as database, _group(route, services) as group:
        collection = database.client[route.database][route.collection]
        # First of all: whoever was at it before us has to be out before we ask how far it came.
        transactions = Transactions(services.kafka, group_of(route))
        span = _span(route, services, group, from_beginning, attempt_id)
        forgot = known_runs(RunStore(database)).forgot
        judged = judge_all(_reading(services), span, stored_ids(collection), most_attempts, forgot)
        ids = replay_batches(judged, route, transactions, group, attempt_id, say)
        arrival = _wait(ids, pipeline, services, collection, span.ends, say)
    return Replayed(len(ids), arrival)


def replay_batches(
    batches: Iterable[list[Judged]],
    route: Route,
    transactions: Transactions,
    group: ReaderGroup,
    note: str,
    say: Say = lambda _: None,
) -> list[str]:
    """One transaction a batch: its replays and how far it was read. Returns the orders written again."""
    written: list[str] = []
    for batch in batches:
        again = [each for each in batch if each.kind is Kind.SKIPPED]
        transactions.write((outgoing(each, route) for each in again), _behind(batch), group.member, note)
        written += [each.order_id for each in again]
        say(f"{len(written):,} dead letters replayed")
    return written


def outgoing(judged: Judged, route: Route) -> Outgoing:
    """The record as it was on the joined topic, with the count of its replays."""
    record, headers = judged.record, headers_of(judged.record)
    partition = headers.get(PARTITION_HEADER) or b""
    kept = [
        (name, value)
        for name, value in record.headers() or ()
        if not name.startswith(ERROR_PREFIX) and name != REPLAY_HEADER
    ]
    return Outgoing(
        topic=route.joined_topic,
        partition=int(partition) if partition.isdigit() else -1,
        key=record.key(),
        value=record.value(),
        timestamp=record.timestamp()[1],
        headers=[*kept, (REPLAY_HEADER, str(judged.attempts + 1).encode())],
    )


def span_of(
    begins: Iterable[Position],
    ends: Iterable[Position],
    committed: dict[tuple[str, int], Progress],
    from_beginning: bool,
    note: str,
) -> Span:
    """What is still to be looked at. From the beginning, unless the group's note says that this very
    replay has begun there already."""
    starts = []
    ordered = sorted(ends)
    for begin, end in zip(sorted(begins), ordered, strict=True):
        done = committed.get((begin.topic, begin.partition))
        go_on = done is not None and (not from_beginning or (bool(note) and done.note == note))
        # Retention may have passed the group by; a topic made anew is shorter than it was.
        usable = done is not None and begin.offset <= done.offset <= end.offset
        starts.append(begin._replace(offset=done.offset) if done and go_on and usable else begin)
    return Span(tuple(starts), tuple(ordered))


def _span(route: Route, services: Services, group: ReaderGroup, from_beginning: bool, note: str) -> Span:
    found = extents(services.kafka, [_dead_letter_topic(route)])
    begins = [Position(*place, extent.begin) for place, extent in found.items()]
    ends = [Position(*place, extent.stable_end) for place, extent in found.items()]
    return span_of(begins, ends, group.committed(begins), from_beginning, note)


def _behind(batch: Iterable[Judged]) -> list[Position]:
    """The next offset to read of each partition, once the batch is done."""
    found: dict[tuple[str, int], int] = {}
    for judged in batch:
        topic, partition, offset = place_of(judged.record)
        found[topic, partition] = offset + 1
    return [Position(topic, partition, offset) for (topic, partition), offset in found.items()]


def _wait(
    ids: list[str],
    pipeline: PipelineSpec,
    services: Services,
    collection: Collection[Document],
    ends: tuple[Position, ...],
    say: Say,
) -> Arrival:
    if not ids:
        return Arrival(0, 0, 0)
    find: FindStored = stored_ids(collection)
    with RecordReader(services.kafka, ends) as reader:
        return wait_for_arrival(ids, find, reader, SinkRescue(pipeline, services, say), say)


def _reading(services: Services) -> Read:
    def read(starts: Iterable[Position]) -> Iterator[list[Record]]:
        with RecordReader(services.kafka, starts) as reader:
            yield from reader.drain()

    return read


@contextmanager
def _group(route: Route, services: Services) -> Iterator[ReaderGroup]:
    with ReaderGroup(services.kafka, group_of(route)) as group:
        yield group


def group_of(route: Route) -> str:
    """The consumer group by which it is known how far the dead letters have been looked at."""
    return f"macd-replay-{_dead_letter_topic(route)}"


def _dead_letter_topic(route: Route) -> str:
    if route.dead_letter_topic is None:
        raise SpecError(
            "The sink connector has no dead-letter topic.",
            remedy="Set errors.deadletterqueue.topic.name in include/connectors and describe the topic.",
        )
    return route.dead_letter_topic
