"""What a plan may name: Python declares it, the jar does it, and neither knows more than the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ksqlflink.analysis.functions import functions
from ksqlflink.serde.formats import FORMATS
from runtime.conftest import Java


@pytest.fixture(scope="module")
def known(java: Java) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(java.asked("names"))
    return answer


@pytest.mark.parametrize(("member", "aggregate"), [("functions", False), ("aggregates", True)])
def test_the_jar_knows_the_functions_that_are_declared(
    member: str, aggregate: bool, known: dict[str, Any]
) -> None:
    declared = sorted(each.name for each in functions().values() if each.aggregate == aggregate)
    assert len(declared) > 10
    assert known[member] == declared


def test_the_jar_knows_the_formats_that_are_declared(known: dict[str, Any]) -> None:
    assert known["formats"] == sorted(FORMATS)
