"""Looks for a run's messages on the two topics that the producer wrote."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from macd.clients.records import Position, Record, RecordReader
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

    `beginnings` are asked for afterwards: what retention takes while this is read must not look lost.
    """
    present = count_present(manifest.run, route, _until(manifest, reader.drain()))
    return OnSources(present, _expired(manifest, beginnings()))


def _until(manifest: Manifest, batches: Iterable[list[Record]]) -> Iterator[list[Record]]:
    """Stops when every partition has been read to where the run ended; what comes later is not its own."""
    start = {(at.topic, at.partition): at.offset for at in manifest.start_offsets}
    left = {(at.topic, at.partition): at.offset for at in manifest.end_offsets}
    left = {place: end for place, end in left.items() if start.get(place, 0) < end}
    for batch in batches:
        yield batch
        for record in batch:
            place = (record.topic() or "", record.partition() or 0)
            if (record.offset() or 0) + 1 >= left.get(place, math.inf):
                del left[place]
        if not left and manifest.end_offsets:
            return


def _expired(manifest: Manifest, beginnings: Iterable[Position]) -> Counter[str]:
    start = {(at.topic, at.partition): at.offset for at in manifest.start_offsets}
    end = {(at.topic, at.partition): at.offset for at in manifest.end_offsets}
    expired: Counter[str] = Counter()
    for at in beginnings:
        place = (at.topic, at.partition)
        expired[at.topic] += max(0, min(at.offset, end.get(place, at.offset)) - start.get(place, 0))
    return expired
