"""What the matrix of outages takes for healed: the table is only worth what this judges."""

from __future__ import annotations

import json
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.outages.outage import Outage, Outcome, _outcome

OUTAGE = Outage("kafka", "kill", 0.3)


def outcome(stdout: str, stderr: str = "", code: int = 0, settled_s: float = 20.0) -> Outcome:
    return _outcome(OUTAGE, 0.31, settled_s, CompletedProcess([], code, stdout, stderr))


def report(missing: int = 0, dead: int = 0, passed: bool = True) -> str:
    found: dict[str, Any] = {
        "checks": [{"name": "complete", "passed": passed}],
        "figures": {"orders_missing": missing, "orders_dead_lettered": dead},
    }
    return json.dumps(found)


def test_a_run_that_arrived_whole_and_in_time_has_healed() -> None:
    found = outcome(report(), settled_s=89.9)
    assert found.healed
    assert str(found) == "| kafka | killed with -9 | 30% (31%) | 90 s | 0 lost, 0 dead-lettered |"


@pytest.mark.parametrize("stdout", [report(missing=1), report(dead=1), report(passed=False)])
def test_a_run_that_lost_something_or_failed_a_check_has_not(stdout: str) -> None:
    assert not outcome(stdout).healed


def test_a_run_that_arrived_too_late_has_not_healed_and_its_row_says_so() -> None:
    found = outcome(report(), settled_s=206)
    assert not found.healed
    assert str(found).endswith("| 206 s | 0 lost, 0 dead-lettered, later than 180 s |")


def test_a_verify_that_says_nothing_is_a_complaint_with_its_exit_code() -> None:
    found = outcome("", code=-9)
    assert (found.healed, found.complaint) == (False, "exit code -9")
    assert outcome("", "error\nremedy", 5).complaint == "error remedy"
