"""Checks that the files under include/ refer to things that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

from macd.errors import SpecError
from macd.health.figures import PIPELINE_FIGURE_NAMES
from macd.quality.figures import FIGURE_NAMES, STORED_FIGURES
from macd.specs.models import PipelineSpec, Scope, StatementSpec


def check_references(pipeline: PipelineSpec, include_dir: Path) -> None:
    """Raises SpecError at the first reference that leads nowhere, naming file and field."""
    topics = {topic.name for topic in pipeline.topics}
    _check_topics(pipeline, include_dir)
    _check_schemas(pipeline, topics, include_dir)
    _check_statements(pipeline, topics, include_dir)
    _check_connectors(pipeline, topics, include_dir)
    _check_checks(pipeline, include_dir)


def _check_topics(pipeline: PipelineSpec, include_dir: Path) -> None:
    for topic in pipeline.topics:
        path = include_dir / "topics" / f"{topic.name}.yaml"
        _require(path, "targets", pipeline.target.name, topic.targets, "Add the target's settings.")


def _check_schemas(pipeline: PipelineSpec, topics: set[str], include_dir: Path) -> None:
    target, subjects = pipeline.target, [schema.subject for schema in pipeline.schemas]
    for subject in target.subject_compatibility:
        path = include_dir / "targets" / f"{target.name}.yaml"
        _require(path, "subject_compatibility", subject, subjects, f"Subjects: {', '.join(subjects)}.")
    for schema in pipeline.schemas:
        path = include_dir / "schemas" / f"{schema.subject}.avsc"
        topic, _, part = schema.subject.rpartition("-")
        if part not in ("key", "value"):
            raise SpecError(
                f"{path}: the file's name is not <topic>-key or <topic>-value.", remedy="Rename it."
            )
        _require(path, "(file name)", topic, topics, f"Name it after one of: {', '.join(sorted(topics))}.")
        try:
            fastavro.parse_schema(schema.definition)
        except (SchemaParseException, UnknownType, KeyError, ValueError) as error:
            raise SpecError(
                f"{path} is not an Avro schema: {error}", remedy="Correct the field it names."
            ) from error


def _check_statements(pipeline: PipelineSpec, topics: set[str], include_dir: Path) -> None:
    for statement in pipeline.statements:
        path = include_dir / "ksql" / statement.file
        topic = statement.topic
        _require(path, "KAFKA_TOPIC", topic, topics, f"Add include/topics/{topic}.yaml.")
        _check_sources(path, statement, pipeline.statements)


def _check_sources(path: Path, statement: StatementSpec, statements: Iterable[StatementSpec]) -> None:
    earlier = sorted(each.source for each in statements if each.order < statement.order)
    known = ", ".join(earlier) or "none"
    for name in statement.reads:
        meant = difflib.get_close_matches(name, earlier, n=1)
        hint = f"Did you mean {meant[0]}? If not, create" if meant else "Create"
        _require(path, "FROM", name, earlier, f"{hint} it in a file with a lower number; there are: {known}.")


def _check_connectors(pipeline: PipelineSpec, topics: set[str], include_dir: Path) -> None:
    for connector in pipeline.connectors:
        path = include_dir / "connectors" / f"{connector.name}.json"
        if not connector.topics:
            raise SpecError(
                f"{path}: field 'config.topics' names no topic.", remedy="Name the topic to sink."
            )
        for topic in connector.topics:
            _require(path, "config.topics", topic, topics, f"Add include/topics/{topic}.yaml.")
        dead_letters = connector.dead_letter_topic
        if dead_letters is not None:
            field = "config.errors.deadletterqueue.topic.name"
            _require(path, field, dead_letters, topics, f"Add include/topics/{dead_letters}.yaml.")


def _check_checks(pipeline: PipelineSpec, include_dir: Path) -> None:
    for scope in get_args(Scope):
        if not any(check.severity == "fail" for check in pipeline.checks_of(scope)):
            raise SpecError(
                f"{include_dir / 'checks'} holds no check of scope '{scope}' and severity 'fail'.",
                remedy="Add one, as the package's own include/checks has them; without one nothing can fail.",
            )
    for check in pipeline.checks:
        path = include_dir / "checks" / f"{check.name}.yaml"
        names = FIGURE_NAMES if check.scope == "run" else PIPELINE_FIGURE_NAMES
        known = f"Figures of scope {check.scope}: {', '.join(sorted(names))}."
        _require(path, "figure", check.figure, names, known)
        _check_stored(path, check.figure, pipeline)
        for field, value in check.expect.model_dump(exclude_none=True).items():
            if isinstance(value, str):
                _require(path, f"expect.{field}", value, names, known)


def _check_stored(path: Path, figure: str, pipeline: PipelineSpec) -> None:
    needed = STORED_FIGURES.get(figure)
    if needed and needed not in {connector.stores for connector in pipeline.connectors}:
        raise SpecError(
            f"{path}: field 'figure' is '{figure}', but no connector stores {needed}.",
            remedy="Remove the check, or add a file to include/connectors whose field 'stores' says so.",
        )


def _require(path: Path, field: str, name: str, known: Iterable[str], remedy: str) -> None:
    if name not in known:
        raise SpecError(f"{path}: field '{field}' refers to '{name}', which does not exist.", remedy=remedy)
