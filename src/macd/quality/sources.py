"""Looks for a run's messages on the two topics that the producer wrote."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from macd.clients.records import Position, Record, RecordReader
from macd.errors import DeadlineExceeded
from macd.producer.manifest import Manifest
from macd.producer.resume import Present, count_present
from macd.producer.route import Route


class OnSources(NamedTuple):
    """How often each message of a run is there, and how many of its offsets each topic no longer keeps."""

    present: Present
    expired: Mapping[str, int]


def on_sources(
    manifest: Manifest, route: Route, reader: RecordReader, beginnings: Callable[[], Iterable[Position]]
) -> OnSources:
    """Reads the stretch that a complete run was written to; for another one as far as the topics go.

    So it does where a message is not in that stretch: what was lost may have been sent again. `beginnings`
    are asked for last: what retention takes while this is read must not look lost.
    """
    batches, later = reader.drain(), list[Record]()
    present = count_present(manifest.run, route, _until(manifest, batches, later))
    if manifest.end_offsets and _lacks(present, manifest):
        # It counts into `present` as it reads; behind the run's end that is all that time allows.
        with suppress(DeadlineExceeded):
            count_present(manifest.run, route, chain([later], batches), present)
    return OnSources(present, _expired(manifest, beginnings()))


def _until(
    manifest: Manifest, batches: Iterable[list[Record]], later: list[Record]
) -> Iterator[list[Record]]:
    """Stops when every partition has been read to where the run ended; keeps what is its own behind that."""
    start = {(at.topic, at.partition): at.offset for at in manifest.start_offsets}
    ends = {(at.topic, at.partition): at.offset for at in manifest.end_offsets}
    left = {place for place, end in ends.items() if start.get(place, 0) < end}
    spaces = (manifest.run.order_ids, manifest.run.payment_ids)
    for batch in batches:
        within = []
        for record in batch:
            place, next_offset = _place(record), (record.offset() or 0) + 1
            end = ends.get(place, 0 if ends else math.inf)
            if next_offset <= end:
                within.append(record)
            elif any(ids.number(record.key()) is not None for ids in spaces):
                later.append(record)
            if next_offset >= end:
                left.discard(place)
        yield within
        if not left and ends:
            return


def _place(record: Record) -> tuple[str, int]:
    return record.topic() or "", record.partition() or 0


def _lacks(present: Present, manifest: Manifest) -> bool:
    """Whether a message is not there; one that is there too often may hide another, then it is missing."""
    return 0 in present.orders or sum(present.payments) < manifest.counts.payments


def _expired(manifest: Manifest, beginnings: Iterable[Position]) -> Counter[str]:
    start = {(at.topic, at.partition): at.offset for at in manifest.start_offsets}
    end = {(at.topic, at.partition): at.offset for at in manifest.end_offsets}
    expired: Counter[str] = Counter()
    for at in beginnings:
        place = (at.topic, at.partition)
        last = end.get(place, 0 if end else at.offset)
        expired[at.topic] += max(0, min(at.offset, last) - start.get(place, 0))
    return expired
