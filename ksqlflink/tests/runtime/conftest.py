"""The Java runtime of ksqlflink without Flink around it."""

from __future__ import annotations

import pytest
from tests.runtime.java import Checks


@pytest.fixture(scope="session")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Checks:
    return Checks.compile(tmp_path_factory.mktemp("checks"), "ksqlflink", "ksqlflink.runtime")
