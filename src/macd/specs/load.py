"""Reads include/ as a whole and checks that its files fit together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from macd.errors import SpecError
from macd.specs.files import read_json, read_yaml, validate
from macd.specs.ksql_topics import check_ksql_topics
from macd.specs.models import (
    CheckSpec,
    ConnectorSpec,
    PipelineSpec,
    SchemaSpec,
    StatementSpec,
    TargetSpec,
    TopicSpec,
)
from macd.specs.references import check_references
from macd.specs.statements import STATEMENT_FILE, check_statements, parse_file

Named = TypeVar("Named", bound=BaseModel)


def load_pipeline(include_dir: Path, target: str) -> PipelineSpec:
    """Everything under `include_dir` for one target; raises SpecError before anything is changed."""
    found = load_target(include_dir, target)
    pipeline = PipelineSpec(
        target=found,
        topics=_named_files(include_dir / "topics", "*.yaml", read_yaml, TopicSpec),
        schemas=tuple(_schema(path) for path in _files(include_dir / "schemas", "*.avsc")),
        statements=tuple(_statement(path) for path in _files(include_dir / "ksql", "*.sql")),
        connectors=tuple(_connector(path, found) for path in _files(include_dir / "connectors", "*.json")),
        checks=_named_files(include_dir / "checks", "*.yaml", read_yaml, CheckSpec),
    )
    check_references(pipeline, include_dir)
    check_ksql_topics(pipeline, include_dir)
    return pipeline.model_copy(update={"notes": check_statements(pipeline, include_dir)})


def load_target(include_dir: Path, name: str) -> TargetSpec:
    """include/targets/<name>.yaml."""
    path = include_dir / "targets" / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(found.stem for found in sorted(path.parent.glob("*.yaml"))) or "none"
        raise SpecError(f"There is no target '{name}' ({path}).", remedy=f"Choose one of: {known}.")
    return _named(path, read_yaml, TargetSpec)


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise SpecError(f"{folder} holds no {pattern} file.", remedy="Check MACD_INCLUDE_DIR.")
    return found


def _named_files(
    folder: Path, pattern: str, read: Callable[[Path], Any], model: type[Named]
) -> tuple[Named, ...]:
    return tuple(_named(path, read, model) for path in _files(folder, pattern))


def _named(path: Path, read: Callable[[Path], Any], model: type[Named]) -> Named:
    spec = validate(model, read(path), path)
    name = getattr(spec, "name", None)
    if name != path.stem:
        raise SpecError(
            f"{path}: field 'name' is '{name}', but the file is called '{path.stem}'.",
            remedy="Give the file and its name field the same name.",
        )
    return spec


def _connector(path: Path, target: TargetSpec) -> ConnectorSpec:
    """The connector as the target's protocol wants it; one that names no protocols goes to any as it is."""
    spec = _named(path, read_json, ConnectorSpec)
    parts = spec.apis
    if parts and target.connect_api not in parts:
        raise SpecError(
            f"{path}: field 'apis' has no '{target.connect_api}', which the target {target.name} speaks.",
            remedy=f"Add it, or choose a target whose Connect speaks one of: {', '.join(sorted(parts))}.",
        )
    return spec.model_copy(update={"config": {**spec.config, **parts.get(target.connect_api, {})}})


def _schema(path: Path) -> SchemaSpec:
    return validate(SchemaSpec, {"subject": path.stem, "definition": read_json(path)}, path)


def _statement(path: Path) -> StatementSpec:
    match = STATEMENT_FILE.match(path.name)
    if match is None:
        raise SpecError(
            f"{path}: the file's name has to be NN_name.sql.",
            remedy="Start it with two digits; statements run in that order.",
        )
    statement = parse_file(path.read_text(encoding="utf-8"), path)
    if statement.source != match["name"].upper():
        raise SpecError(
            f"{path} creates {statement.source}, but the file is called {match['name']}.",
            remedy="Give the file the name of the stream or table that it creates.",
        )
    return statement
