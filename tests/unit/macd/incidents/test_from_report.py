from __future__ import annotations

from datetime import UTC, datetime

from macd.incidents.from_report import findings_of, mismatch_line
from macd.quality.figures import FIGURE_NAMES, Figures
from macd.quality.report import (
    CheckResult,
    Hop,
    Listing,
    Mismatch,
    MissingOrder,
    Report,
    Samples,
)
from macd.settings import REPOSITORY
from macd.specs import load_pipeline


def check(name: str, figure: str, actual: int, *, severity="fail", passed=False) -> CheckResult:
    return CheckResult(
        name=name,
        severity=severity,
        passed=passed,
        figure=figure,
        actual=actual,
        expected="= 0",
        message="",
        next_step="Look.",
    )


def report(*checks: CheckResult, samples: Samples | None = None, **figures: int) -> Report:
    return Report(
        run_id="r",
        passed=False,
        settled=True,
        waited_s=1,
        verified_at=datetime(2026, 1, 1, tzinfo=UTC),
        figures=Figures(**dict.fromkeys(FIGURE_NAMES, 0) | figures),
        checks=checks,
        samples=samples or Samples(),
    )


def missing(count: int) -> Samples:
    orders = tuple(MissingOrder(order_id=f"o{n}", hop=Hop.NOT_STORED, where="c") for n in range(count))
    return Samples(missing=Listing(count=count, first=orders))


def test_a_difference_that_is_no_amount_of_money_is_not_spelled_out():
    assert mismatch_line("o", "1E+6144", "5.00") == "o total 1E+6144 paid 5.00 difference unknown"
    assert mismatch_line("o", "1000.00", "5.5") == "o total 1000.00 paid 5.5 difference -994.50"


def test_a_report_that_holds_has_no_findings():
    assert findings_of(report(check("a", "orders_missing", 0, passed=True))) == []


def test_failures_come_before_warnings_and_carry_what_a_reader_needs():
    found = findings_of(
        report(
            check("dead", "orders_dead_lettered", 1, severity="warn"),
            check("lost", "orders_missing", 3),
            samples=missing(3),
        )
    )
    assert [(each.check, each.severity) for each in found] == [("lost", "fail"), ("dead", "warn")]
    assert found[0].subject == "run r"
    assert found[0].run_id == "r"
    assert found[0].message == "orders_missing is 3, has to be = 0"
    assert found[0].examples == ("o0 not stored (c)", "o1 not stored (c)", "o2 not stored (c)")


def test_a_mismatch_is_listed_with_both_amounts_and_the_difference():
    orders = (
        Mismatch(order_id="a", order_total="20.00", payment_amount="22.50", planned=True),
        Mismatch(order_id="b", order_total="5.00", payment_amount="4.10", planned=False),
        Mismatch(order_id="c", order_total="None", payment_amount="4.10", planned=False),
    )
    samples = Samples(mismatched=Listing(count=3, first=orders))
    planned, unplanned = findings_of(
        report(check("all", "mismatches_stored", 3), check("odd", "mismatches_unplanned", 2), samples=samples)
    )
    assert planned.examples == (
        "a total 20.00 paid 22.50 difference +2.50",
        "b total 5.00 paid 4.10 difference -0.90",
        "c total None paid 4.10 difference unknown",
    )
    assert unplanned.examples == planned.examples[1:]


def test_cents_are_also_said_as_an_amount():
    [found] = findings_of(
        report(
            check("money", "order_cents_stored", 123_450), order_cents_expected=234_550, samples=missing(1)
        )
    )
    assert found.message == "order_cents_stored is 123,450, has to be = 0 (difference -1,111.00 US dollars)"
    assert found.examples == ("o0 not stored (c)",)


def test_at_most_twenty_examples_are_kept():
    [found] = findings_of(report(check("lost", "orders_missing", 25), samples=missing(25)))
    assert len(found.examples) == 20


def test_every_check_of_the_project_about_orders_can_name_examples():
    samples = missing(1).model_copy(
        update={
            "mismatched": Listing(
                count=1,
                first=(Mismatch(order_id="m", order_total="1", payment_amount="2", planned=False),),
            )
        }
    )
    checks = load_pipeline(REPOSITORY / "include", "local").checks_of("run")
    without = {
        spec.name
        for spec in checks
        if not findings_of(report(check(spec.name, spec.figure, 1), samples=samples))[0].examples
    }
    kinds_not_in_the_samples = {
        *("no_dead_letters", "no_duplicate_pairs", "no_altered_orders", "no_unexpected_orders"),
        *("no_unordered_documents", "no_unordered_pairs", "no_message_missing"),
        *("no_wrong_mismatch_listed", "hourly_revenue_matches"),
    }
    assert without == kinds_not_in_the_samples
