"""A report with one check, as the CLI and the operators get it."""

from __future__ import annotations

from datetime import datetime

from macd.quality.figures import FIGURE_NAMES, Figures
from macd.quality.report import CheckResult, Report


def report_of(run_id: str, *, passed: bool, verified_at: datetime) -> Report:
    """A run with nothing missing, or with three orders missing."""
    check = CheckResult(
        name="no_order_missing",
        severity="fail",
        passed=passed,
        figure="orders_missing",
        actual=0 if passed else 3,
        expected="= 0",
        message="no_order_missing: orders_missing is 3, has to be = 0",
        next_step="Look at the sink.",
    )
    return Report(
        run_id=run_id,
        passed=passed,
        settled=True,
        waited_s=1,
        verified_at=verified_at,
        figures=Figures(**dict.fromkeys(FIGURE_NAMES, 0)),
        checks=(check,),
    )
