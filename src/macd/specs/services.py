"""Fills ${NAME} and ${NAME:-default} references of a target from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macd.errors import SpecError
from macd.specs.files import validate
from macd.specs.models import Services, TargetSpec

# Upper-case names only: `${env:NAME}` belongs to Kafka Connect's own config providers and passes through.
_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<default>[^}]*))?\}")


def resolve_services(target: TargetSpec, environment: Mapping[str, str]) -> Services:
    """The target's services with every reference filled in from `environment`."""
    filled = fill(target.services, environment, f"include/targets/{target.name}.yaml: services")
    return validate(Services, filled, Path("include/targets") / f"{target.name}.yaml")


def resolve_connector_config(target: TargetSpec, environment: Mapping[str, str]) -> dict[str, str]:
    """The part of every connector's configuration that belongs to the target."""
    where = f"include/targets/{target.name}.yaml: connector_config"
    return {key: fill(value, environment, f"{where}.{key}") for key, value in target.connector_config.items()}


def fill(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """`value`, at any depth, with its references filled in; SpecError says what is not set, and where."""
    if isinstance(value, dict):
        return {key: fill(item, environment, f"{where}.{key}") for key, item in value.items()}
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: _lookup(match, environment, where), value)


def _lookup(match: re.Match[str], environment: Mapping[str, str], where: str) -> str:
    name, default = match["name"], match["default"]
    found = environment.get(name, default)
    if found is None:
        raise SpecError(
            f"{where} refers to ${{{name}}}, which is not set.",
            remedy=f"Set the environment variable {name}.",
        )
    return found
