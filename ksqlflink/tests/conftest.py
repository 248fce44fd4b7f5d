"""What the engine's tests share: its jar."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers import built


@pytest.fixture(scope="session")
def jar() -> Path:
    """The jar of these sources."""
    return built()
