"""Where the services under test are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .case import Level

_HERE = Path(__file__).resolve().parent
OWN_CASES = _HERE / "cases"
RECORDINGS = _HERE / "recordings"
OWN_RECORDINGS = RECORDINGS / "more"
ENV_NAMES = {
    "kafka": "KSQLDB_CONFORMANCE_KAFKA",
    "registry": "KSQLDB_CONFORMANCE_REGISTRY",
    "ksqldb": "KSQLDB_CONFORMANCE_KSQLDB",
}


@dataclass(frozen=True)
class Services:
    """Kafka bootstrap servers, base URL of the registry's Confluent API, URL of the ksqlDB server."""

    kafka: str
    registry: str
    ksqldb: str


def missing_services(values: Mapping[str, str | None]) -> list[str]:
    """Environment names of the services in `values` that have no address."""
    return [env for name, env in ENV_NAMES.items() if not values.get(name)]


def services_from_environment() -> dict[str, str | None]:
    """The addresses the environment gives; None where it gives none."""
    return {name: os.environ.get(env) for name, env in ENV_NAMES.items()}


def level() -> Level:
    """How much a test session replays: KSQLDB_CONFORMANCE_LEVEL, `full` unless it says `core`."""
    return "core" if os.environ.get("KSQLDB_CONFORMANCE_LEVEL") == "core" else "full"


def recordings() -> Path:
    """Folder of the recorded ksqlDB answers: the kit's own, or the one that KSQLDB_RECORDINGS names."""
    return Path(os.environ.get("KSQLDB_RECORDINGS", RECORDINGS))
