"""The project's own pipeline, and services that only remember what they were asked."""

from __future__ import annotations

import pytest

from macd.settings import REPOSITORY
from macd.specs import load_pipeline


@pytest.fixture(scope="session")
def pipeline():
    return load_pipeline(REPOSITORY / "include", "local")
