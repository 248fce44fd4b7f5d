"""A copy of include/ that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from macd.settings import REPOSITORY


@pytest.fixture
def include(tmp_path) -> Path:
    copy = tmp_path / "include"
    shutil.copytree(REPOSITORY / "include", copy)
    return copy
