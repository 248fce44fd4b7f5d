"""What a file of include/ksql says, read with the ksqlDB grammar and not by looking at its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ksqlflink.dialect import DialectError, normalize, parse
from ksqlflink.dialect.ast import Literal
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource, SetProperty
from macd.errors import SpecError
from macd.specs.models import StatementSpec, TopicWishes

Create = CreateSource | CreateAsSelect
STATEMENT_FILE = re.compile(r"^(?P<order>\d{2})_(?P<name>[a-z][a-z0-9_]*)\.sql$")


def parse_file(sql: str, path: Path) -> StatementSpec:
    """The file's one CREATE statement with the properties that SET statements before it give.

    Raises SpecError with line and column when it holds something else.
    """
    *settings, create = _statements(sql, path)
    if not isinstance(create, Create) or not all(isinstance(each, SetProperty) for each in settings):
        raise SpecError(
            f"{path} holds {len(settings) + 1} statements.",
            remedy="Put exactly one CREATE STREAM or CREATE TABLE into each file, after any SET.",
        )
    named = STATEMENT_FILE.match(path.name)
    return StatementSpec(
        file=path.name,
        order=int(named["order"]) if named else 0,
        source=create.name,
        kind="table" if create.kind == "TABLE" else "stream",
        topic=_topic(create, path),
        wishes=_wishes(create, path),
        reads=_sources(create),
        sql=create.text,
        properties={each.name: each.value or "" for each in settings if isinstance(each, SetProperty)},
    )


def same_statement(wanted: str, actual: str) -> bool:
    """Whether both define the same stream, whatever the server's formatting and filled-in defaults."""
    return normalize(wanted) == normalize(actual)


def _statements(sql: str, path: Path) -> tuple[object, ...]:
    try:
        found = parse(sql)
    except DialectError as error:
        raise SpecError(f"{path}: {error}", remedy="Correct the statement at that place.") from error
    return found or (None,)


def _topic(create: Create, path: Path) -> str:
    """The statement's KAFKA_TOPIC, spelled out so that its partitions and retention are ours to choose."""
    properties = dict(create.properties)
    if "KAFKA_TOPIC" not in properties:
        raise SpecError(f"{path}: WITH names no KAFKA_TOPIC.", remedy="Add KAFKA_TOPIC = '...'.")
    return properties["KAFKA_TOPIC"].text


def _wishes(create: Create, path: Path) -> TopicWishes:
    properties = dict(create.properties)
    if "CLEANUP_POLICY" in properties:
        raise SpecError(
            f"{path}: WITH names CLEANUP_POLICY, which ksqlDB refuses.",
            remedy="Remove it; the topic's file in include/topics has a field cleanup_policy.",
        )
    window = None if isinstance(create, CreateSource) else create.query.window
    kept = window and window.retention
    return TopicWishes(
        partitions=_number(properties, "PARTITIONS", path),
        replicas=_number(properties, "REPLICAS", path),
        retention_ms=_number(properties, "RETENTION_MS", path),
        windowed=window is not None,
        window_retention_ms=kept.milliseconds if kept else None,
    )


def _number(properties: Mapping[str, Literal], name: str, path: Path) -> int | None:
    if name not in properties:
        return None
    try:
        return int(properties[name].text)
    except ValueError as error:
        raise SpecError(
            f"{path}: {name} in WITH is '{properties[name].text}', which is no whole number.",
            remedy=f"Correct {name}, or leave it out.",
        ) from error


def _sources(create: Create) -> tuple[str, ...]:
    if isinstance(create, CreateSource):
        return ()
    return tuple(source.name for source in create.query.sources)
