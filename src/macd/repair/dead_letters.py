"""Tells dead letters that were only skipped from those that the sink can never write.

An ordered bulk write stops at the first document that MongoDB refuses. The sink reports that one with
WriteException and every one behind it with WriteSkippedException: nothing is wrong with the latter, and the
same goes for a batch that met no server at all. What cannot be decoded fails before the sink sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from macd.clients.records import Position, Record
from macd.quality.watch import IDS_PER_QUERY, REASON_HEADER, REPLAY_HEADER, batched
from macd.redaction import redacted

ERROR_PREFIX = "__connect.errors."
CLASS_HEADER = "__connect.errors.exception.class.name"
PARTITION_HEADER = "__connect.errors.partition"
# An order that came back this often comes back again; somebody has to look at it first.
MOST_ATTEMPTS = 3
NO_KEY = "(no key)"
_SKIPPED = "com.mongodb.kafka.connect.sink.dlq.WriteSkippedException"
_REFUSED = "com.mongodb.kafka.connect.sink.dlq.WriteException"
_UNSURE = "com.mongodb.kafka.connect.sink.dlq.WriteConcernException"
# The driver's own exceptions meet a whole batch: no server, no permission, a failover.
_DRIVER = re.compile(r"^com\.mongodb\.Mongo[A-Za-z]+$")
# MongoDB's codes for a write that a failover or a shutdown broke off, not the document.
_PASSING_CODES = {"91", "189", "10107", "11600", "11602", "13435", "13436"}
_CODE = re.compile(r"\bcode=(\d+)\b")

Read = Callable[[Iterable[Position]], Iterator[list[Record]]]
FindStored = Callable[[list[str]], Collection[str]]
Forgot = Callable[[bytes | None], bool]


class Kind(StrEnum):
    """What becomes of a dead letter."""

    STORED = "already stored"
    SKIPPED = "to replay"
    BAD = "bad"
    EXHAUSTED = "exhausted"
    SUPERSEDED = "came back later"
    FORGOTTEN = "of a deleted run"


class Judged(NamedTuple):
    """A dead letter and what becomes of it; `attempts` is how often it had been replayed already."""

    record: Record
    order_id: str
    kind: Kind
    reason: str
    attempts: int


class Span(NamedTuple):
    """The part of the dead-letter topic to look at: from each start up to, but not at, its end."""

    starts: tuple[Position, ...]
    ends: tuple[Position, ...]

    @property
    def size(self) -> int:
        """How many offsets it spans."""
        return sum(end.offset - start.offset for start, end in zip(self.starts, self.ends, strict=True))


def judge_all(
    read: Read,
    span: Span,
    find_stored: FindStored,
    most_attempts: int = MOST_ATTEMPTS,
    forgot: Forgot = lambda _: False,
) -> Iterator[list[Judged]]:
    """Batch by batch, in the order of the topic; reads the span twice, so as to know what came back."""
    came_back = _attempts_of_returned(read, span)
    for records in records_within(read, span):
        keys = {record.key() for record in records} - {None}
        stored = set(find_stored(sorted(_text(key) for key in keys)))
        yield [judge(record, stored, came_back, most_attempts, forgot) for record in records]


def judge(
    record: Record,
    stored: Collection[str],
    came_back: Mapping[bytes, int],
    most_attempts: int = MOST_ATTEMPTS,
    forgot: Forgot = lambda _: False,
) -> Judged:
    """`stored`: order ids found in the collection; `came_back`: replays so far, by the record's key;
    `forgot`: whether the run that made a key was deleted."""
    key, attempts = record.key(), attempts_of(record)
    order_id = NO_KEY if key is None else _text(key)
    kind, reason = _verdict(record)
    if order_id in stored:
        kind, reason = Kind.STORED, "its document is in the collection"
    elif forgot(key):
        kind, reason = Kind.FORGOTTEN, "its run was deleted; nobody would miss or check it"
    elif kind is Kind.SKIPPED and attempts < came_back.get(key, 0):
        kind, reason = Kind.SUPERSEDED, "a later dead letter of the same order decides"
    elif kind is Kind.SKIPPED and attempts >= most_attempts:
        kind, reason = Kind.EXHAUSTED, f"replayed {attempts} times and back again: {reason}"
    return Judged(record, order_id, kind, reason, attempts)


def records_within(read: Read, span: Span, size: int = IDS_PER_QUERY) -> Iterator[list[Record]]:
    """Batches of the span's records; those that arrive meanwhile are left for the next time."""
    ends = {(end.topic, end.partition): end.offset for end in span.ends}
    if span.size == 0:
        return
    for batch in read(span.starts):
        inside = [each for each in batch if place_of(each).offset < ends.get(place_of(each)[:2], 0)]
        yield from batched(inside, size)


def place_of(record: Record) -> Position:
    """Where a record lies."""
    return Position(record.topic() or "", record.partition() or 0, record.offset() or 0)


def attempts_of(record: Record) -> int:
    """How often a record was replayed; 0 for a first dead letter, and for a header of somebody else's."""
    value = headers_of(record).get(REPLAY_HEADER, b"0") or b"0"
    return int(value) if value.isdigit() else 0


def headers_of(record: Record) -> dict[str, bytes | None]:
    """A record's headers; of several with one name the last."""
    return dict(record.headers() or ())


def _attempts_of_returned(read: Read, span: Span) -> dict[bytes, int]:
    """By key, of those alone that came back: usually none."""
    found: dict[bytes, int] = {}
    for record in (record for records in records_within(read, span) for record in records):
        attempts = attempts_of(record)
        if attempts and record.key() is not None:
            found[record.key()] = max(attempts, found.get(record.key(), 0))
    return found


def _verdict(record: Record) -> tuple[Kind, str]:
    if record.key() is None or record.value() is None:
        return Kind.BAD, f"it has no {'key' if record.key() is None else 'value'}; {_reason(record)}"
    name = (headers_of(record).get(CLASS_HEADER) or b"").decode(errors="replace")
    if name == _SKIPPED:
        return Kind.SKIPPED, "skipped: MongoDB refused another document of its batch"
    if name == _UNSURE or _DRIVER.match(name) or (name == _REFUSED and _broken_off(record)):
        return Kind.SKIPPED, f"not written: {_reason(record)}"
    return Kind.BAD, _reason(record)


def _broken_off(record: Record) -> bool:
    found = _CODE.search(_message(record))
    return found is not None and found.group(1) in _PASSING_CODES


def _reason(record: Record) -> str:
    name = (headers_of(record).get(CLASS_HEADER) or b"").decode(errors="replace").rpartition(".")[2]
    if not name:
        return "no reason given (errors.deadletterqueue.context.headers.enable is off)"
    return f"{name}: {redacted(_message(record))}".rstrip(": ")


def _message(record: Record) -> str:
    return (headers_of(record).get(REASON_HEADER) or b"").decode(errors="replace")


def _text(key: Any) -> str:
    return bytes(key).decode(errors="replace")
