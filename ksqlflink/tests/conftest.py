"""What the engine's tests share: its jar, and a worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from ksqlflink.worker.process import Worker
from workers import built, shared

# A machine that does other things meanwhile is slow now and then: no example has a deadline.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def jar() -> Path:
    """The jar of these sources."""
    return built()


@pytest.fixture(scope="session")
def worker() -> Worker:
    """One worker for all tests that run statements without services."""
    return shared()
