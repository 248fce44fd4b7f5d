"""DESCRIBE FUNCTION and SHOW FUNCTIONS, from functions.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ksqlflink.errors import BadRequest
from ksqlflink.statements.entities import Entity

_VARIADIC = "..."
_NAMES = {"STRING": "VARCHAR", "INTEGER": "INT"}
# What ksqlDB says of functions: description, and name and description of each argument.
_KNOWN: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "UCASE": (
        "Returns an upper-case version of the input string.",
        (("input", "The string to upper-case"),),
    ),
    "LCASE": (
        "Returns a lower-case version of the input string.",
        (("input", "The string to lower-case"),),
    ),
}


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    listed = yaml.safe_load(files("ksqlflink").joinpath("functions.yaml").read_text())
    return {entry["name"]: entry for entry in listed}


def _kind(entry: Mapping[str, Any]) -> str:
    return str(entry.get("kind", "scalar")).upper()


def function_names(text: str) -> Entity:
    """Return the answer to SHOW FUNCTIONS."""
    listed = [
        {
            "name": name,
            "type": _kind(entry),
            "category": "AGGREGATE" if _kind(entry) == "AGGREGATE" else str(entry.get("category", "OTHER")),
        }
        for name, entry in sorted(_entries().items())
    ]
    return {"@type": "function_names", "statementText": text, "functions": listed, "warnings": []}


def describe_function(text: str, name: str) -> Entity:
    """Return the answer to DESCRIBE FUNCTION; BadRequest when there is none of that name."""
    entry = _entries().get(name.upper())
    if entry is None:
        raise BadRequest(f"Can't find any functions with the name '{name}'")
    description, arguments = _KNOWN.get(name.upper(), (entry.get("description", ""), ()))
    return {
        "@type": "describe_function",
        "statementText": text,
        "name": entry["name"],
        "description": description,
        "author": "",
        "version": "",
        "path": "internal",
        "functions": [_signature(signature, arguments) for signature in entry["signatures"]],
        "type": _kind(entry),
        "warnings": [],
    }


def _signature(signature: Mapping[str, Any], known: tuple[tuple[str, str], ...]) -> Entity:
    listed = [
        {
            "name": known[index][0] if index < len(known) else f"arg{index + 1}",
            "type": _shown(kind.removesuffix(_VARIADIC)),
            "description": known[index][1] if index < len(known) else "",
            "isVariadic": kind.endswith(_VARIADIC),
        }
        for index, kind in enumerate(map(str, signature["args"]))
    ]
    return {
        "arguments": listed,
        "returnType": _shown(str(signature["returns"])),
        "description": "",
        "argumentTypes": [item["type"] for item in listed],
    }


def _shown(kind: str) -> str:
    shown = kind
    for name, short in _NAMES.items():
        shown = shown.replace(name, short)
    return shown
