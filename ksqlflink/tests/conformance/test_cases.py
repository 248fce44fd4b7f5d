"""Every data case, recorded or our own, gives the recorded records."""

from __future__ import annotations

import pytest

from ksqldb_conformance.case import Case, load_cases
from ksqldb_conformance.runs import Runs
from ksqldb_conformance.services import OWN_CASES, level, recordings

CASES = load_cases([OWN_CASES, recordings() / "cases"], level=level())

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_records_are_as_recorded(case: Case, runs: Runs) -> None:
    result = runs.case(case.name)
    assert result.passed, "\n".join([f"{case.name}: {case.why}", *result.differences])


@pytest.mark.skipif(
    not recordings().is_dir(), reason="no recordings of a ksqlDB server: set KSQLDB_RECORDINGS"
)
def test_the_recorded_cases_are_there() -> None:
    assert [case for case in CASES if case.recorded]
