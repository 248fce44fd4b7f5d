"""Checks that ksqlDB will take the topics that its statements read and fill; it refuses one of another shape.

The topics are there before the statements, so ksqlDB compares them and creates none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic_core import to_jsonable_python

from macd.errors import SpecError
from macd.specs.models import PipelineSpec, StatementSpec, TopicSettings

Settings = dict[str, TopicSettings]


@dataclass(frozen=True)
class Need:
    """What a field of a topic has to be, and why."""

    topic: str
    field: str
    found: int
    wanted: int
    because: str

    @property
    def is_met(self) -> bool:
        """More replicas than needed do no harm; everything else has to be exactly so."""
        return self.found >= self.wanted if self.field == "replication_factor" else self.found == self.wanted


def check_ksql_topics(pipeline: PipelineSpec, include_dir: Path) -> None:
    """Raises SpecError at the first topic that ksqlDB would refuse, naming both files, target and field."""
    target = pipeline.target.name
    settings = {topic.name: topic.targets[target] for topic in pipeline.topics}
    for statement in pipeline.statements:
        file = include_dir / "ksql" / statement.file
        _check_table(statement, file)
        read = pipeline.topics_read(statement)
        for need in (*needs(statement, read, settings), *_joined(pipeline, statement, read, settings)):
            if not need.is_met:
                raise _refused(need, _place(include_dir, target, need.topic, need.field), file)
        if statement.has_query and settings[statement.topic].cleanup_policy == "compact":
            raise _never_emptied(_place(include_dir, target, statement.topic, "cleanup_policy"), file)


def _place(include_dir: Path, target: str, topic: str, field: str) -> str:
    return f"{include_dir / 'topics' / topic}.yaml: field 'targets.{target}.{field}'"


def needs(statement: StatementSpec, read: tuple[str, ...], settings: Settings) -> Iterator[Need]:
    """How a statement's topic has to be: as that of the (left) source it reads, unless WITH says otherwise.

    The topic of a statement without a query is compared with what WITH names, and with nothing else.
    """
    source = read[0] if read else statement.topic
    topic, like, wishes = settings[statement.topic], settings[source], statement.wishes
    because = f"it is that of {source}, which is read"
    shape = {
        "partitions": ("PARTITIONS", wishes.partitions),
        "replication_factor": ("REPLICAS", wishes.replicas),
    }
    for field, (name, said) in shape.items():
        wanted, reason = (getattr(like, field), because) if said is None else (said, f"WITH says {name}")
        yield Need(statement.topic, field, getattr(topic, field), wanted, reason)
    if statement.kind == "stream" or wishes.windowed:
        wanted, reason = _retention(statement, like.retention_ms, because)
        yield Need(statement.topic, "retention", topic.retention_ms, wanted, reason)


def _retention(statement: StatementSpec, kept: int, because: str) -> tuple[int, str]:
    said, window = statement.wishes.retention_ms, statement.wishes.window_retention_ms
    if said is not None:
        kept, because = said, "WITH says RETENTION_MS"
    if window is not None and window > kept:
        return window, "it is the RETENTION of the query's window"
    return kept, because


def _joined(
    pipeline: PipelineSpec, statement: StatementSpec, read: tuple[str, ...], settings: Settings
) -> Iterator[Need]:
    """What a stream is joined with has as many partitions; only tables can be joined by a foreign key."""
    kinds = {spec.source: spec.kind for spec in pipeline.statements}
    if read and kinds[statement.reads[0]] == "stream":
        wanted, because = settings[read[0]].partitions, f"it is joined with {read[0]}"
        for other in read[1:]:
            yield Need(other, "partitions", settings[other].partitions, wanted, because)


def _check_table(statement: StatementSpec, file: Path) -> None:
    """A table without a window keeps the newest row of each key for ever."""
    wishes = statement.wishes
    if statement.kind == "table" and not wishes.windowed and wishes.retention_ms is not None:
        raise SpecError(
            f"{file}: WITH names RETENTION_MS, which ksqlDB refuses for a table without a window.",
            remedy="Remove RETENTION_MS.",
        )


def _refused(need: Need, place: str, file: Path) -> SpecError:
    found, wanted = (_shown(need.field, value) for value in (need.found, need.wanted))
    return SpecError(
        f"{place} is {found}, but ksqlDB refuses {file} unless it is {wanted}: {need.because}.",
        remedy=f"Set it to {wanted}, or change what that comes from.",
    )


def _never_emptied(place: str, file: Path) -> SpecError:
    return SpecError(
        f"{place} is 'compact', but what the query of {file} has written is deleted when it is made anew, "
        "and Kafka deletes nothing on request from a topic that is only compacted.",
        remedy="Set it to 'compact,delete' or 'delete'.",
    )


def _shown(field: str, value: int) -> str:
    if field != "retention":
        return str(value)
    return "without end" if value < 0 else str(to_jsonable_python(timedelta(milliseconds=value)))
