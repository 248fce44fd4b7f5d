"""A checkup's report: what it says, and that old ones go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest

from macd.errors import QualityCheckFailed
from macd.health import report as module
from macd.health.checkup import Books, findings_of, raise_for_failures, report_on
from macd.health.figures import PipelineFigures
from macd.health.report import HealthReport, HealthReportStore
from macd.health.state import Link, Part, PipelineState, State
from macd.health.strays import Strays
from macd.quality.checks import evaluate
from macd.settings import REPOSITORY
from macd.specs import load_pipeline

CHECKS = load_pipeline(REPOSITORY / "include", "local").checks_of("pipeline")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def report_of(at: datetime = NOW, part: State = State.OK, **figures: int) -> HealthReport:
    results = evaluate(CHECKS, PipelineFigures(**figures))
    sink = Part(kind="connector", name="sink", state=part, detail="RUNNING; task 0 RUNNING")
    link = Link(source="topic joined", target="connector sink", lag=figures.get("consumer_lag", 0))
    return HealthReport(
        passed=all(each.passed for each in results if each.severity == "fail"),
        figures=PipelineFigures(**figures),
        checks=results,
        state=PipelineState(observed_at=at, parts=(sink,), links=(link,)),
    )


def test_a_pipeline_that_is_well_has_no_finding() -> None:
    report = report_of()
    assert report.passed
    assert findings_of(report) == []
    raise_for_failures(report)
    assert "16 of 16 checks hold" in report.render_text()


@pytest.mark.parametrize("severity", ["none at all", "warn"])
def test_where_nothing_can_fail_nothing_passes(severity: str) -> None:
    checks = [check for check in CHECKS if check.severity == severity]
    report = report_on(checks, report_of().state, Books())
    assert not report.passed
    with pytest.raises(QualityCheckFailed, match="nothing was checked") as failure:
        raise_for_failures(report)
    assert "include/checks" in failure.value.remedy


def test_a_reader_that_has_stopped_fails_with_its_name_and_the_next_step() -> None:
    report = report_of(part=State.STALLED, connectors_stalled=1)
    [finding] = findings_of(report)
    assert (finding.subject, finding.check, finding.severity) == ("pipeline", "connectors_moving", "fail")
    assert finding.examples == ("connector sink stalled: RUNNING; task 0 RUNNING",)
    with pytest.raises(QualityCheckFailed, match=r"connectors_stalled is 1, has to be = 0.*paused"):
        raise_for_failures(report)
    assert "FAILED" in report.render_text()


def test_runs_and_orders_behind_a_figure_are_named() -> None:
    state = report_of().state
    strays = Strays(21, ("'x'",), tuple(f"order {n}" for n in range(30)))
    books = Books([f"given up {n}" for n in range(30)], ["order-1"], strays=strays)
    report = report_on(CHECKS, state, books)
    found = {finding.check: finding for finding in findings_of(report)}
    assert found["runs_finished"].examples == tuple(f"given up {n}" for n in range(20))
    assert found["runs_finished"].message == "runs_unfinished is 30, has to be = 0"
    assert found["dead_letters_settled"].examples == ("order-1",)
    assert found["no_documents_of_no_run"].examples == ("'x'",)
    assert found["no_documents_of_no_run"].message == "documents_of_no_run is 21, has to be = 0"
    assert found["no_orders_repeated"].examples == tuple(f"order {n}" for n in range(20))
    assert found["no_orders_repeated"].message == "orders_repeated is 30, has to be = 0"
    assert HealthReport.from_mongo(report.to_mongo()) == report
    with pytest.raises(QualityCheckFailed, match="given up 0; given up 1"):
        raise_for_failures(report)


def test_runs_that_cannot_be_read_fail_with_their_ids_and_where_to_look() -> None:
    [finding] = findings_of(report_on(CHECKS, report_of().state, Books(unreadable=["r1", "r2"])))
    assert (finding.check, finding.severity) == ("runs_readable", "fail")
    assert finding.examples == ("r1", "r2")
    assert "seeding_runs.findOne" in finding.next_step


def test_a_reader_that_is_only_slow_is_a_warning() -> None:
    report = report_of(consumer_lag=200_000)
    assert report.passed
    [finding] = findings_of(report)
    assert finding.severity == "warn"
    assert finding.examples == ("connector sink is 200,000 behind on topic joined",)
    raise_for_failures(report)


def test_the_latest_reports_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
    store = HealthReportStore(database)
    assert store.latest() is None
    for minutes in range(5):
        store.save(report_of(NOW + timedelta(minutes=minutes)))
    assert database["health_reports"].count_documents({}) == 3
    assert store.latest() == report_of(NOW + timedelta(minutes=4))
