"""docker-compose.yaml as its readers see it: raw, and with the values of an .env filled in."""

from __future__ import annotations

import re
from typing import Any

import yaml

from macd.compose.env import values
from macd.settings import REPOSITORY

COMPOSE = REPOSITORY / "docker-compose.yaml"
DEVELOPMENT = REPOSITORY / "docker-compose.dev.yaml"
SMALL = REPOSITORY / "docker-compose.small.yaml"
EXAMPLE = REPOSITORY / ".env.example"
DOCKERFILES = (REPOSITORY / "Dockerfile", REPOSITORY / "docker" / "connect" / "Dockerfile")
REFERENCE = re.compile(r"(?<!\$)\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<rule>:[?-])(?P<rest>[^}]*)\}")
# One value a name, so that a test sees where each of them ends up.
SECRETS = {name: f"secret-of-{name.lower()}" for name in values(EXAMPLE)}


def raw_services() -> dict[str, dict[str, Any]]:
    """The services with their references as they stand in the file."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def services() -> dict[str, dict[str, Any]]:
    """The services with SECRETS for what has to be set and the defaults for the rest.

    A variable without a value is passed on where it is set, and here none is.
    """
    filled = REFERENCE.sub(_value, COMPOSE.read_text())
    found: dict[str, dict[str, Any]] = yaml.safe_load(filled)["services"]
    for service in found.values():
        environment = service.get("environment", {})
        service["environment"] = {name: value for name, value in environment.items() if value is not None}
    return found


def config(name: str) -> str:
    """What a file has in it that Compose copies into containers; `$$` stands for a dollar sign there."""
    content: str = yaml.safe_load(REFERENCE.sub(_value, COMPOSE.read_text()))["configs"][name]["content"]
    return content.replace("$$", "$")


def _value(reference: re.Match[str]) -> str:
    return SECRETS[reference["name"]] if reference["rule"] == ":?" else reference["rest"]
