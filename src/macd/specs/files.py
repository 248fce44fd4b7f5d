"""Reads one file under include/ into its model; a bad one is refused with file, field and remedy."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from macd.errors import SpecError

# Up to the last @ of a word: what is wrong with a URL may be just an @ in its password.
_CREDENTIALS = re.compile(r"//\S+@")
Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The document in a YAML file; only plain data, no tags."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SpecError(f"{path} is not YAML: {error}", remedy="Correct the syntax at that place.") from error


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
    shown = "" if isinstance(detail["input"], dict | list) else f" (found {_shown(detail['input'])})"
    return f"field '{field}': {detail['msg']}{shown}", f"Correct '{field}'."


def _shown(found: Any) -> str:
    """What stands there, without the credentials that a URL may hold."""
    return _CREDENTIALS.sub("//***@", repr(found))


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
