"""What the dashboard says about runs, on an in-memory MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import mongomock
import pytest

from macd.dashboard.runs import RunBook
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.producer.store import RunStore
from macd.quality.report import Obstacle, Report, ReportStore
from tests.unit.macd.fakes import AS_OF
from tests.unit.macd.quality.test_reconcile import manifest_of
from tests.unit.reports import report_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def database() -> Any:
    made: Any = mongomock.MongoClient(tz_aware=True)["macd"]
    for run_id in ("failed", "obstructed"):
        RunStore(made).begin(manifest_of(Run(run_id, SeedParameters(orders=5), AS_OF)))
    ReportStore(made).save(report_of("failed", passed=False, verified_at=NOW))
    obstacle = Obstacle(reason="Topic t is gone.", remedy="Seed a new run.")
    ReportStore(made).save(Report.without_figures("obstructed", obstacle))
    return made


def test_a_run_that_could_not_be_verified_has_a_reason_and_no_figures(database: Any) -> None:
    found = {run.run_id: run for run in RunBook(database).recent(5).runs}
    assert [(found[name].verdict, found[name].stored) for name in found] == [("failed", 0), ("failed", None)]
    assert found["failed"].obstacle is None
    run = RunBook(database).one("obstructed")
    assert run.obstacle is not None
    assert (run.obstacle.reason, run.obstacle.remedy) == ("Topic t is gone.", "Seed a new run.")
    assert (run.figures, run.checks) == (None, [])
