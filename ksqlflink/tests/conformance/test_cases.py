"""Data cases give the recorded records on a server: all on one that is named, some on the embedded one."""

from __future__ import annotations

import pytest

from ksqldb_conformance.case import Case, load_cases
from ksqldb_conformance.runs import Runs
from ksqldb_conformance.services import (
    OWN_CASES,
    level,
    missing_services,
    recordings,
    services_from_environment,
)

ALL = load_cases([OWN_CASES, recordings() / "cases"], level=level())
# All run in the worker (test_in_worker.py). These show that Flink carries out the same plans with the same
# result: each kind of operator and format once, several partitions, and what the pipeline itself needs.
ON_FLINK = (
    *("jc08", "j08", "j11", "s02", "s04", "tt01", "g03", "g06", "g07", "p06", "p07"),
    *("f03", "f06", "f08"),
)
IS_NAMED = not missing_services(services_from_environment())
CASES = ALL if IS_NAMED else [case for case in ALL if case.name.startswith(ON_FLINK)]

pytestmark = [pytest.mark.timeout(1800)]


@pytest.mark.integration
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_records_are_as_recorded(case: Case, runs: Runs) -> None:
    result = runs.case(case.name)
    assert result.passed, "\n".join([f"{case.name}: {case.why}", *result.differences])


@pytest.mark.skipif(
    not recordings().is_dir(), reason="no recordings of a ksqlDB server: set KSQLDB_RECORDINGS"
)
def test_the_cases_are_there() -> None:
    assert [case for case in ALL if case.recorded]
    if level() == "full":
        assert {name for name in ON_FLINK if not any(case.name.startswith(name) for case in ALL)} == set()
