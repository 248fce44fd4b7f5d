"""Fills ${NAME} and ${NAME:-default} references of a target from the environment."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit

from macd.errors import SpecError
from macd.specs.endpoints import MongoService, Services
from macd.specs.files import validate
from macd.specs.logins import split_login
from macd.specs.models import TargetSpec

# Upper-case names only: `${env:NAME}` belongs to Kafka Connect's own config providers and passes through.
# ${NAME%} is the value percent-encoded, as a password has to be inside a URI.
_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<encoded>%)?(?::-(?P<default>[^}]*))?\}")
# What connector_config may say of the target's own MongoDB, so that its password has one place only.
SINK_VARIABLES = ("MACD_SINK_HOST", "MACD_SINK_USER", "MACD_SINK_PASSWORD")


def resolve_services(target: TargetSpec, environment: Mapping[str, str]) -> Services:
    """The target's services with every reference filled in from `environment`."""
    filled = fill(target.services, environment, f"{_file(target)}: services")
    return validate(Services, filled, Path("include/targets") / f"{target.name}.yaml")


def resolve_connector_config(target: TargetSpec, environment: Mapping[str, str]) -> dict[str, str]:
    """The part of every connector's configuration that belongs to the target."""
    return dict(fill(target.connector_config, environment, f"{_file(target)}: connector_config"))


def require_variables(target: TargetSpec, environment: Mapping[str, str]) -> None:
    """Raises one SpecError that names every variable which the target needs and nobody has set."""
    known = ChainMap(dict(environment), dict.fromkeys(SINK_VARIABLES, ""))
    parts = {"services": target.services, "connector_config": target.connector_config}
    fill(parts, known, _file(target))


def with_sink_variables(environment: Mapping[str, str], mongodb: MongoService) -> Mapping[str, str]:
    """`environment` and, as MACD_SINK_..., where the connectors' MongoDB is and how to log in there."""
    uri, login = split_login(mongodb.uri.get_secret_value(), unquote_plus)
    found = (urlsplit(uri).netloc, login.get("username", ""), login.get("password", ""))
    return {**environment, **dict(zip(SINK_VARIABLES, found, strict=True))}


def fill(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """`value`, at any depth, with its references filled in; SpecError names all that is not set and where."""
    missing: dict[str, str] = {}
    for name, field in _unset(value, environment, where):
        missing.setdefault(name, field)
    if missing:
        # The file once, and then its fields.
        file = f"{where.partition(': ')[0]}: "
        fields = (f"{at.removeprefix(file)} refers to ${{{name}}}" for name, at in missing.items())
        told, is_one = file + ", ".join(fields), len(missing) == 1
        raise SpecError(
            f"{told}, which {'is' if is_one else 'are'} not set.",
            remedy=f"Set the environment variable{'' if is_one else 's'} {', '.join(missing)}.",
        )
    return _filled(value, environment)


def _file(target: TargetSpec) -> str:
    return f"include/targets/{target.name}.yaml"


def _unset(value: Any, environment: Mapping[str, str], where: str) -> Iterator[tuple[str, str]]:
    """Name and field of each reference without a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            separator = ": " if where.endswith(".yaml") else "."
            yield from _unset(item, environment, f"{where}{separator}{key}")
    elif isinstance(value, str):
        for match in _REFERENCE.finditer(value):
            if _found(match, environment) is None:
                yield match["name"], where


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, environment) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    return _REFERENCE.sub(lambda match: _text(match, environment), value)


def _text(match: re.Match[str], environment: Mapping[str, str]) -> str:
    found = _found(match, environment) or ""
    return quote(found, safe="") if match["encoded"] else found


def _found(match: re.Match[str], environment: Mapping[str, str]) -> str | None:
    return environment.get(match["name"], match["default"])
