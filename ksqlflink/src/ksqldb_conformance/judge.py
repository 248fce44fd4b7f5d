"""What a replay found, held against what the case expects: the same for every way of running a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .case import Case, OutputRecord
from .codec import decode, decode_key, from_header
from .compare import compare_records, compare_schemas, compare_values


@dataclass(frozen=True)
class Written:
    """A record as it lies in a topic; `timestamp` in ms."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    partition: int
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True)
class Found:
    """The records of the sink topics, the partition counts of all, the registry, and the warnings that came.

    `latest` gives the newest schema of a subject or None, `schema` the one of an id.
    """

    records: Mapping[str, list[Written]]
    partitions: Mapping[str, int]
    latest: Callable[[str], Any]
    schema: Callable[[int], Any]
    warnings: list[str] = field(default_factory=list)


def record_differences(case: Case, found: Found) -> list[str]:
    """Where the records are not as the case expects them, as lines of a diff."""
    topics = case.outputs
    return compare_records(
        case, {name: [_decoded(case, found, name, one) for one in found.records[name]] for name in topics}
    )


def differences(case: Case, found: Found) -> list[str]:
    """What is not as the case expects it, as lines of a diff."""
    subjects = [f"{topic}-{side}" for topic in case.outputs for side in ("key", "value")]
    registered = {subject: schema for subject in subjects if (schema := found.latest(subject)) is not None}
    return [
        *record_differences(case, found),
        *compare_schemas(case.output_schemas, registered),
        *compare_values(
            "partitions of the sink topics",
            case.output_partitions,
            {topic: found.partitions.get(topic) for topic in case.output_partitions},
        ),
        *compare_values("warnings of the statements", case.warnings, found.warnings),
    ]


def _decoded(case: Case, found: Found, topic: str, record: Written) -> OutputRecord:
    formats = case.formats[topic]
    return OutputRecord(
        key=decode_key(record.key, formats.key, formats.windowed, found.schema),
        value=decode(record.value, formats.value, found.schema),
        timestamp=record.timestamp,
        partition=record.partition,
        headers=[(name, from_header(data)) for name, data in record.headers],
    )
