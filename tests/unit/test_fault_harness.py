"""What the player of faults takes for found: two hundred right answers are only worth what this judges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from macd.errors import MacdError, RunNotFound
from macd.quality.figures import Figures
from macd.quality.report import CheckResult, Hop, Listing, MissingOrder, Obstacle, Report, Samples
from macd.settings import REPOSITORY
from tests.faults.expected import Expected, complaints, off
from tests.faults.play import KINDS, cases

LOST = ("missing", "o-1", "not stored", "orders")
EXPECTED = off("every_order_stored", LOST, orders_stored=-1, orders_missing=1)


def check(name: str, passed: bool, severity: str = "fail") -> CheckResult:
    return CheckResult.model_validate(
        {
            "name": name,
            "severity": severity,
            "passed": passed,
            "figure": "orders_stored",
            "actual": 0,
            "expected": "",
            "message": "",
            "next_step": "",
        }
    )


def report(
    stored: int = 5,
    missing: int = 0,
    hop: Hop = Hop.NOT_STORED,
    failed: bool = False,
    passed: bool | None = None,
    warned: bool = False,
) -> Report:
    lost = [MissingOrder(order_id=f"o-{n + 1}", hop=hop, where="orders") for n in range(missing)]
    return Report(
        run_id="r",
        passed=not failed if passed is None else passed,
        settled=True,
        waited_s=0,
        verified_at=datetime(2026, 1, 1, tzinfo=UTC),
        figures=Figures(orders_stored=stored, orders_missing=missing),
        checks=(check("every_order_stored", not failed), check("no_dead_letters", not warned, "warn")),
        samples=Samples(missing=Listing(count=missing, first=tuple(lost))),
    )


def told(found: Report | MacdError, expected: Expected = EXPECTED) -> list[str]:
    return complaints(expected, report(), found)


def test_a_fault_that_is_named_with_its_check_figures_and_hop_is_found() -> None:
    assert told(report(stored=4, missing=1, failed=True)) == []


def test_a_fault_that_is_not_noticed_is_a_complaint() -> None:
    assert told(report()) == [
        "orders_stored is 5, expected 4 (5 without the fault)",
        "orders_missing is 0, expected 1 (0 without the fault)",
        "check that does not hold is not reported: every_order_stored",
        f"entry is not reported: {LOST}",
        "passed",
    ]


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (report(4, 1, Hop.NOT_JOINED, failed=True), "besides: ('missing', 'o-1', 'not joined', 'orders')"),
        (report(4, 2, failed=True), "besides: ('missing', 'o-2', 'not stored', 'orders')"),
        (report(3, 1, failed=True), "orders_stored is 3, expected 4 (5 without the fault)"),
        (report(4, 1, failed=True, warned=True), "besides: no_dead_letters"),
        (report(4, 1, failed=True, passed=True), "passed"),
    ],
)
def test_whatever_is_reported_besides_or_otherwise_is_a_complaint(found: Report, complaint: str) -> None:
    assert any(each.endswith(complaint) for each in told(found)), told(found)


def test_a_run_that_fails_although_nothing_that_has_to_hold_is_broken_is_a_complaint() -> None:
    assert told(report(warned=True, passed=True), off("no_dead_letters")) == []
    assert told(report(warned=True, passed=False), off("no_dead_letters")) == ["failed"]


def test_an_error_is_right_only_where_one_is_expected_and_says_what() -> None:
    error, refused = RunNotFound("There is no run r.", remedy="Seed it."), Expected(refusal=("no run r",))
    assert told(error, refused) == []
    assert len(told(error)) == len(told(report(), refused)) == 1
    assert len(told(error, Expected(refusal=("no run s",)))) == 1


def test_a_report_that_says_why_nothing_could_be_compared_is_right_where_that_is_expected() -> None:
    refused = Report.without_figures("r", Obstacle(reason="The counts of run r differ.", remedy="See why."))
    assert told(refused, Expected(refusal=("counts", "run r"))) == []
    assert told(refused) == ["refused: The counts of run r differ."]


def test_what_another_run_may_hide_is_no_complaint_either_way() -> None:
    may = EXPECTED | Expected(hidden={("revenue", "3600", "cash")})
    assert told(report(stored=4, missing=1, failed=True), may) == []


def test_a_seed_decides_the_cases_and_each_kind_comes_before_any_comes_again() -> None:
    chosen = cases(7, len(KINDS) + 5, KINDS)
    assert chosen == cases(7, len(KINDS) + 5, KINDS) != cases(8, len(KINDS) + 5, KINDS)
    assert {case.kind for case in chosen[: len(KINDS)]} == set(KINDS)
    assert chosen[3].draw.random() == chosen[3].draw.random() != chosen[4].draw.random()


def test_the_page_on_proofs_lists_each_kind_of_fault_once() -> None:
    page = (REPOSITORY / "docs" / "proof.md").read_text()
    rows = [line.split(" | ")[1] for line in page.splitlines() if line.startswith("| ")]
    assert [kind.__doc__ for kind in KINDS if rows.count(kind.__doc__ or "") != 1] == []
