"""What held and what did not, step by step."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from macd.errors import AcceptanceFailed
from macd.quality.render import table


class Outcome(StrEnum):
    """How a step came out."""

    HELD = "held"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class StepResult(BaseModel):
    """One line of the report. `reason` says why a step failed or was skipped, `remedy` what to do then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    proves: str
    outcome: Outcome
    took_s: float = 0.0
    facts: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""


class AcceptanceReport(BaseModel):
    """One run of the kit. `changed` is False when it was refused before anything was changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    began_at: datetime
    took_s: float
    changed: bool
    interrupted: bool = False
    steps: tuple[StepResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every step held; one that was skipped has not."""
        return all(step.outcome is Outcome.HELD for step in self.steps)

    @property
    def failures(self) -> tuple[StepResult, ...]:
        """The steps that failed."""
        return tuple(step for step in self.steps if step.outcome is Outcome.FAILED)

    @property
    def verdict(self) -> str:
        """The outcome in one line."""
        held = sum(step.outcome is Outcome.HELD for step in self.steps)
        broken = ", ".join(step.step for step in self.failures)
        said = f"{held} of {len(self.steps)} steps held{f'; failed: {broken}' if broken else ''}"
        untouched = "" if self.changed else "; nothing was changed"
        return (
            f"{'PASSED' if self.passed else 'FAILED'} acceptance of target {self.target}: {said}{untouched}"
        )

    def as_dict(self) -> dict[str, object]:
        """The report as one JSON document."""
        return {"passed": self.passed, "verdict": self.verdict, **self.model_dump(mode="json")}

    def render_text(self) -> str:
        """Plain text: a table of the steps, then what each found, then what to do."""
        rows = [(each.step, each.outcome.value, f"{each.took_s:.1f}", each.proves) for each in self.steps]
        sections = (
            f"{self.verdict} ({self.took_s:.0f} s)",
            table(("step", "outcome", "seconds", "proves"), rows, right=(2,)),
            _found(self.steps),
            _amiss(self.steps),
        )
        return "\n\n".join(section for section in sections if section)


def raise_for_failures(report: AcceptanceReport) -> None:
    """AcceptanceFailed with the first reason and its remedy; nothing when every step held."""
    if report.passed:
        return
    amiss = next(step for step in report.steps if step.outcome is not Outcome.HELD)
    raise AcceptanceFailed(
        f"{report.verdict}. {amiss.step}: {amiss.reason}",
        remedy=amiss.remedy or "Run it again; whatever it had made was removed.",
    )


def _found(steps: tuple[StepResult, ...]) -> str:
    lines = [f"  {step.step}: {fact}" for step in steps for fact in step.facts]
    return "\n".join(["What was found", *lines]) if lines else ""


def _amiss(steps: tuple[StepResult, ...]) -> str:
    amiss = [step for step in steps if step.outcome is not Outcome.HELD]
    lines = [f"  {step.step} {step.outcome.value}: {step.reason} {step.remedy}".rstrip() for step in amiss]
    return "\n".join(["What did not hold", *lines]) if lines else ""
