from __future__ import annotations

import pytest
from pydantic import ValidationError

from macd.errors import QualityCheckFailed, SpecError
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.quality.checks import evaluate
from macd.quality.figures import Figures
from macd.quality.report import Obstacle, Report, ReportStore
from macd.quality.verify import raise_for_failures, report_on
from macd.quality.waiting import Waited
from macd.specs.models import CheckSpec
from tests.unit.macd.fakes import AS_OF, FakeDatabase
from tests.unit.macd.quality.test_reconcile import PIPELINE, Arrived


def damaged() -> Arrived:
    arrived = Arrived(Run("run-1", SeedParameters(orders=60, unpaid_share=0.1, mismatch_share=0.1), AS_OF))
    wanted = [sale for sale in arrived.sales if sale.pairs]
    unpaid = next(sale for sale in arrived.sales if not sale.pairs)
    arrived.lose(wanted[0], "not joined")
    arrived.lose(wanted[1], "dead-lettered")
    arrived.joined[wanted[2].number] = 2
    arrived.joined[unpaid.number] = 1
    arrived.documents[wanted[3].order.order_id]["payment_method"] = "barter"
    return arrived


def report_of(arrived: Arrived) -> Report:
    return report_on("run-1", PIPELINE.checks_of("run"), arrived.reconciled(), Waited(True, 1.25))


CLEAN = report_of(Arrived(Run("run-1", SeedParameters(orders=60), AS_OF)))
DAMAGED = report_of(damaged())


def check(severity="fail", **expect) -> CheckSpec:
    return CheckSpec(
        name="x",
        description="d",
        severity=severity,
        figure="orders_stored",
        expect=expect,
        next_step="Do something.",
    )


@pytest.mark.parametrize(
    ("expect", "passed", "told"),
    [
        ({"equals": 7}, True, "= 7"),
        ({"equals": "orders_expected"}, False, "= 8 orders_expected"),
        ({"at_most": 7}, True, "<= 7"),
        ({"at_most": "orders_missing"}, False, "<= 1 orders_missing"),
        ({"at_least": 8}, False, ">= 8"),
        ({"at_least": 6}, True, ">= 6"),
    ],
)
def test_a_figure_is_compared_as_the_check_says(expect, passed, told):
    figures = Figures(orders_stored=7, orders_expected=8, orders_missing=1)
    (result,) = evaluate([check(**expect)], figures)
    assert (result.passed, result.expected) == (passed, told)
    assert result.message == f"x: orders_stored is 7, has to be {told}"


HELD = check(at_least=0)


def test_a_warning_does_not_fail_the_report():
    outcome = damaged().reconciled()
    assert report_on("r", [HELD, check("warn", equals=-1)], outcome, Waited(True, 0)).passed
    assert not report_on("r", [HELD, check("fail", equals=-1)], outcome, Waited(True, 0)).passed


@pytest.mark.parametrize("checks", [[], [check("warn", at_least=0)]])
def test_where_nothing_can_fail_nothing_passes(checks):
    report = report_on(
        "r", checks, Arrived(Run("r", SeedParameters(orders=3), AS_OF)).reconciled(), Waited(True, 0)
    )
    assert not report.passed
    assert "Data quality FAILED" in report.render_text()
    with pytest.raises(QualityCheckFailed, match="0 of") as failure:
        raise_for_failures(report)
    assert "include/checks" in failure.value.remedy


def test_a_clean_run_passes_and_raises_nothing():
    assert CLEAN.passed
    assert CLEAN.failures == ()
    raise_for_failures(CLEAN)


def test_the_error_carries_the_numbers_examples_and_the_next_step():
    with pytest.raises(QualityCheckFailed) as failure:
        raise_for_failures(DAMAGED)
    text = str(failure.value)
    assert "orders_missing is 1, has to be = 0" in text
    assert "no_altered_orders: orders_altered is 1" in text
    assert DAMAGED.samples.missing.first[0].order_id in text
    assert failure.value.remedy == DAMAGED.failures[0].next_step
    assert failure.value.exit_code == 10


def test_the_text_names_verdict_numbers_and_orders():
    text = DAMAGED.render_text()
    assert "Data quality FAILED" in text
    assert "run run-1" in text
    for listed in (
        "Missing: 1 order\n",
        "Dead-lettered: 1 order\n",
        "Duplicate: 1",
        "Unexpected: 1",
        "Altered: 1",
    ):
        assert listed in text
    assert "not joined (macd_orders_payments_joined)" in text
    assert "payment_method is barter instead of" in text
    assert "joined 2 times instead of 1" in text
    assert "WARN" in text, "dead letters only warn"
    assert "Next steps" in text


def test_the_text_of_a_clean_run_is_short_and_plain():
    text = CLEAN.render_text()
    assert "Data quality PASSED" in text
    assert "Next steps" not in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 120
    assert text.isascii()
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_report_that_did_not_settle_says_so():
    outcome = damaged().reconciled()
    assert "NOT settled, gave up after 90.0 s" in report_on("r", [], outcome, Waited(False, 90)).render_text()


def test_a_report_survives_mongodb_and_replaces_the_one_before():
    store = ReportStore(FakeDatabase())
    store.save(CLEAN)
    store.save(DAMAGED)
    assert store.get("run-1") == DAMAGED
    assert store.recent() == [DAMAGED]
    assert DAMAGED.to_mongo()["samples"]["missing"]["first"][0]["hop"].__class__ is str


def test_a_run_that_could_not_be_verified_says_why_and_shows_no_figures():
    report = Report.without_figures("run-1", Obstacle(reason="Topic t is gone.", remedy="Seed a new run."))
    assert not report.passed
    assert report.verdict == "FAILED run run-1: it could not be verified. Topic t is gone."
    head, tried, *rest = report.render_text().splitlines()
    assert head == "Data quality FAILED: run run-1 could not be verified"
    assert tried.endswith("UTC; what became of its orders is not known")
    assert rest == ["", "  Topic t is gone.", "", "Next step", "  Seed a new run."]
    store = ReportStore(FakeDatabase())
    store.save(report)
    assert store.get("run-1") == report
    with pytest.raises(
        QualityCheckFailed, match=r"^Run 'run-1' could not be verified\. Topic t is gone\. Rem"
    ):
        raise_for_failures(report)


def test_a_report_of_the_version_before_can_be_read():
    """It knew of no obstacle, and not what was before one."""
    document = CLEAN.to_mongo()
    del document["obstacle"], document["had_passed"]
    assert Report.from_mongo(document) == CLEAN


def test_a_run_without_a_report_is_said_so():
    with pytest.raises(SpecError, match="never verified"):
        ReportStore(FakeDatabase()).get("nope")


def test_figures_refuse_unknown_names():
    with pytest.raises(ValidationError):
        Figures(orders_lost=1)
