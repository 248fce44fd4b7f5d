"""What the engine's tests share: its jar, and an engine that runs tests and cases in the worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from built import built_jar
from ksqlflink.testing.server import Engine


@pytest.fixture(scope="session")
def jar() -> Path:
    """The jar of these sources."""
    return built_jar()


@pytest.fixture(scope="session")
def engine(jar: Path) -> Iterator[Engine]:
    """One worker for all tests that run statements without services."""
    with Engine() as engine:
        yield engine
