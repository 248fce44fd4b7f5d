"""What a file of include/ksql says, read with the ksqlDB grammar and not by looking at its text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from ksqlflink.checking import NotChecked, Refused, StatementChecker, Unknowable
from ksqlflink.dialect import DialectError, parse, same_definition
from ksqlflink.dialect.ast import Literal
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource, SetProperty
from macd.errors import SpecError
from macd.specs.models import PipelineSpec, StatementSpec, TopicWishes

Create = CreateSource | CreateAsSelect
_EMBEDDED = "The embedded server cannot run it: rewrite it, or choose a target with a ksqlDB server."
STATEMENT_FILE = re.compile(r"^(?P<order>\d{2})_(?P<name>[a-z][a-z0-9_]*)\.sql$")


def parse_file(sql: str, path: Path) -> StatementSpec:
    """The file's one CREATE statement with the properties that SET statements before it give.

    Raises SpecError with line and column when it holds something else.
    """
    settings, create = _settings_and_create(sql, path)
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
        properties={each.name: each.value or "" for each in settings},
    )


def _settings_and_create(sql: str, path: Path) -> tuple[list[SetProperty], Create]:
    *before, create = _statements(sql, path)
    settings = [each for each in before if isinstance(each, SetProperty)]
    if not isinstance(create, Create) or len(settings) != len(before):
        raise SpecError(
            f"{path} holds {len(before) + 1} statements.",
            remedy="Put exactly one CREATE STREAM or CREATE TABLE into each file, after any SET.",
        )
    return settings, create


def check_statements(pipeline: PipelineSpec, include_dir: Path) -> tuple[str, ...]:
    """What could not be checked of the statements; SpecError at the first that ksqlDB would refuse.

    The embedded server refuses what it does not know, so for it that is an error as well.
    """
    target = pipeline.target
    schemas = {schema.subject: json.dumps(schema.definition) for schema in pipeline.schemas}
    partitions = {topic.name: topic.targets[target.name].partitions for topic in pipeline.topics}
    checker = StatementChecker(schemas, partitions)
    notes = []
    for spec in pipeline.statements:
        path = include_dir / "ksql" / spec.file
        _, create = _settings_and_create(path.read_text(encoding="utf-8"), path)
        try:
            checker.check(create)
        except Refused as error:
            at = error.position
            remedy = f"Did you mean {error.meant}?" if error.meant else "Correct the statement at that place."
            raise SpecError(f"{path}:{at.line}:{at.column}: {error.reason}.", remedy=remedy) from error
        except NotChecked as reason:
            if target.ksqldb_engine == "embedded" and not isinstance(reason, Unknowable):
                raise SpecError(f"{path}: {reason}.", remedy=_EMBEDDED) from reason
            notes.append(f"include/ksql/{spec.file}: not checked: {reason}.")
    return tuple(notes)


def same_statement(wanted: str, actual: str) -> bool:
    """Whether the server's text `actual` is what it makes of `wanted`; one that cannot be read is not."""
    try:
        return same_definition(wanted, actual)
    except DialectError:
        return False


def has_query(text: str) -> bool:
    """Whether a server's text of a stream is CREATE .. AS SELECT; one that cannot be read is not."""
    try:
        return any(isinstance(each, CreateAsSelect) for each in parse(text))
    except DialectError:
        return False


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
