"""Holds figures, of a run or of the whole pipeline, against include/checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import BaseModel

from macd.quality.report import CheckResult
from macd.specs.models import CheckSpec

_COMPARISONS: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    "equals": ("=", lambda actual, wanted: actual == wanted),
    "at_most": ("<=", lambda actual, wanted: actual <= wanted),
    "at_least": (">=", lambda actual, wanted: actual >= wanted),
}
NOTHING_CHECKED = "Add a check of severity 'fail' to include/checks: without one nothing can fail."


def evaluate(checks: Iterable[CheckSpec], figures: BaseModel) -> tuple[CheckResult, ...]:
    """The outcome of each check, in their order."""
    return tuple(_result(check, figures) for check in checks)


def passed(results: Iterable[CheckResult]) -> bool:
    """Whether something could have failed, and nothing of severity `fail` did."""
    decisive = [result.passed for result in results if result.severity == "fail"]
    return bool(decisive) and all(decisive)


def _result(check: CheckSpec, figures: BaseModel) -> CheckResult:
    values = figures.model_dump()
    ((comparison, target),) = check.expect.model_dump(exclude_none=True).items()
    sign, holds = _COMPARISONS[comparison]
    actual, wanted = values[check.figure], values[target] if isinstance(target, str) else target
    named = f" {target}" if isinstance(target, str) else ""
    passed = holds(actual, wanted)
    return CheckResult(
        name=check.name,
        severity=check.severity,
        passed=passed,
        figure=check.figure,
        actual=actual,
        expected=f"{sign} {wanted:,}{named}",
        message=f"{check.name}: {check.figure} is {actual:,}, has to be {sign} {wanted:,}{named}",
        next_step=check.next_step,
    )
