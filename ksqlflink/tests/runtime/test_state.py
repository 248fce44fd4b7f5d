"""What the operators keep in state, and where they place keys, against simple models."""

from __future__ import annotations

import pytest
from tests.runtime.java import Checks

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["TimeListCheck", "SegmentLogCheck", "Murmur2Check"])
def test_the_check_holds(checks: Checks, name: str) -> None:
    checks.run(name)
