"""Reads one file under include/ into its model; a bad one is refused with file, field and remedy."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from macd.errors import SpecError
from macd.redaction import SECRET_NAME

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The document in a YAML file; only plain data, no tags."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        # The error quotes the lines around that place, where a password may stand.
        found = f"{path}{_place(error)} is not YAML."
        raise SpecError(found, remedy="Correct the syntax at that place.") from None


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f":{mark.line + 1}:{mark.column + 1}"


def read_json(path: Path) -> Any:
    """The document in a JSON file (connectors and Avro schemas)."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise SpecError(
            f"{path}:{error.lineno}:{error.colno} is not JSON: {error.msg}.",
            remedy="Correct the syntax at that place.",
        ) from error


def validate(model: type[Model], data: Any, path: Path) -> Model:
    """`data` as a `model`; every wrong field is named in one SpecError."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        complaints = [_complaint(model, detail) for detail in error.errors()]
        raise SpecError(
            f"{path}: " + "; ".join(message for message, _ in complaints),
            remedy=" ".join(dict.fromkeys(remedy for _, remedy in complaints)),
        ) from error


def _complaint(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
    field = ".".join(str(part) for part in detail["loc"]) or "(the whole file)"
    if detail["type"] == "extra_forbidden":
        return f"field '{field}' is not known", _suggestion(model, str(detail["loc"][-1]))
    if detail["type"] == "missing":
        return f"field '{field}' is missing", f"Add '{field}'."
    told = detail["msg"].removeprefix("Value error, ")
    return f"field '{field}': {told}{_shown(field, detail['input'])}", f"Correct '{field}'."


def _shown(field: str, found: Any) -> str:
    """What stands there, unless it is or holds a secret; a login may lack the // by which it is known."""
    if isinstance(found, dict | list) or SECRET_NAME.search(field) or "@" in str(found):
        return ""
    return f" (found {found!r})"


def _suggestion(model: type[BaseModel], unknown: str) -> str:
    known = _field_names(model)
    close = difflib.get_close_matches(unknown, sorted(known), n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Remove '{unknown}'; known fields: {', '.join(sorted(model.model_fields))}."


def _field_names(model: type[BaseModel]) -> set[str]:
    """Names of the model's fields and of the models nested in it, since a typo may be at any depth."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}
