"""The outcome of a preflight: one line a check, what to do, and what it will cost."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from macd.errors import PreflightBlocked, PreflightFailed
from macd.preflight.result import CheckOutcome, Outcome
from macd.quality.render import table


class CostItem(BaseModel):
    """Something that costs money while it exists. `usd` is None where no readable page gives the price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    amount: str
    usd: float | None
    unit: str
    page: str
    note: str = ""


class PreflightReport(BaseModel):
    """What was found on a target at one moment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    looked_at: datetime
    took_s: float
    checks: tuple[CheckOutcome, ...]
    costs: tuple[CostItem, ...] = ()

    @property
    def failures(self) -> tuple[CheckOutcome, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILED)

    @property
    def passed(self) -> bool:
        """Whether the pipeline may start; warnings do not stop it."""
        return not self.failures

    @property
    def verdict(self) -> str:
        """The outcome in one line."""
        held = sum(check.outcome is Outcome.OK for check in self.checks)
        broken = ", ".join(f"{check.service} {check.check}" for check in self.failures)
        said = f"failed: {broken}" if broken else f"{held} of {len(self.checks)} checks are ok"
        return f"{'PASSED' if self.passed else 'FAILED'} preflight of target {self.target}: {said}"

    def as_dict(self) -> dict[str, object]:
        """The report as one JSON document."""
        return {"passed": self.passed, "verdict": self.verdict, **self.model_dump(mode="json")}

    def render_text(self) -> str:
        """Plain text for a task log or a terminal."""
        rows = [(check.service, check.check, check.outcome.value, check.detail) for check in self.checks]
        sections = (
            f"{self.verdict} ({self.took_s:.1f} s)",
            table(("service", "check", "outcome", "found"), rows),
            *self.closing(),
        )
        return "\n\n".join(sections)

    def closing(self) -> list[str]:
        """What stands below the checks: what to do, and what it costs; neither where there is nothing."""
        return [section for section in (_advice(self.checks), _costs(self.costs)) if section]


def raise_for_failures(report: PreflightReport) -> None:
    """PreflightFailed, or PreflightBlocked where trying again is no use; nothing when the report passed."""
    if report.passed:
        return
    told = "; ".join(
        f"{check.service} {check.check}: {check.detail.rstrip('.')}" for check in report.failures
    )
    may_pass = all(check.may_pass for check in report.failures)
    raise (PreflightFailed if may_pass else PreflightBlocked)(
        f"The target {report.target} is not ready: {told}.",
        remedy=" ".join(dict.fromkeys(check.remedy for check in report.failures)),
    )


def _advice(checks: tuple[CheckOutcome, ...]) -> str:
    lines = [f"  {each.service} {each.check}: {each.remedy}" for each in checks if each.remedy]
    return "\n".join(["What to do", *lines]) if lines else ""


def _costs(costs: tuple[CostItem, ...]) -> str:
    if not costs:
        return ""
    rows = [(each.what, each.amount, _price(each)) for each in costs]
    notes = [f"  {each.what}: {each.note}" for each in costs if each.note]
    return "\n".join(["What it costs (list prices)", table(("item", "amount", "price"), rows), *notes])


def _price(item: CostItem) -> str:
    if item.usd is None:
        return f"price not documented here, see {item.page}"
    return f"{item.usd:g} USD per {item.unit} ({item.page})"
