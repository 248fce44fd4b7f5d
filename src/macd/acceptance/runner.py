"""Runs the steps one after the other; what was begun is cleaned up, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from macd.acceptance.report import AcceptanceReport, Outcome, StepResult
from macd.acceptance.step import Facts, Step, When
from macd.acceptance.world import World
from macd.errors import MacdError

INTERRUPTED = "It was interrupted."


class Audience(Protocol):
    """Whoever follows the kit while it runs."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def said(self, line: str) -> None:
        """A step that runs tells how far it is."""

    def finished(self, result: StepResult) -> None:
        """A step has ended, or was skipped."""


def run_acceptance(world: World, steps: Iterable[Step], audience: Audience) -> AcceptanceReport:
    """The report; a step that failed is in it (see `raise_for_failures`).

    A step that fails hides none that can still run. Ctrl-C ends the step that runs and leaves out all but
    the cleanup; during the cleanup it ends that step of it only.
    """
    began, began_at = time.monotonic(), datetime.now(UTC)
    world.say = audience.said
    course = _Course(world, audience)
    left = iter(steps)
    try:
        for step in left:
            course.take(step)
    finally:
        # Only after a defect of a step, whose traceback follows, is anything left here.
        for step in left:
            if step.when is When.CLEANUP:
                course.take(step)
    return AcceptanceReport(
        target=world.pipeline.spec.target.name,
        began_at=began_at,
        took_s=round(time.monotonic() - began, 1),
        changed=world.begun,
        interrupted=course.interrupted,
        steps=tuple(course.results),
    )


class _Course:
    """How far the kit has come."""

    def __init__(self, world: World, audience: Audience) -> None:
        self._world, self._audience = world, audience
        self._closed_by: str | None = None
        self.interrupted = False
        self.results: list[StepResult] = []

    def take(self, step: Step) -> None:
        """Runs the step, or says why not."""
        reason = self._hindrance(step)
        result = self._run(step) if reason is None else _skipped(step, reason)
        if step.when is When.GATE and result.outcome is not Outcome.HELD:
            self._closed_by = self._closed_by or step.name
        self.results.append(result)
        try:
            self._audience.finished(result)
        except KeyboardInterrupt:
            self.interrupted = True

    def _hindrance(self, step: Step) -> str | None:
        if step.when is When.CLEANUP:
            return None if self._world.begun else "There is nothing to clean up."
        if self.interrupted:
            return INTERRUPTED
        if self._closed_by is not None:
            return f"'{self._closed_by}' did not hold, so nothing was begun."
        held = {result.step for result in self.results if result.outcome is Outcome.HELD}
        missing = ", ".join(f"'{name}'" for name in step.needs if name not in held)
        return f"It needs {missing}." if missing else None

    def _run(self, step: Step) -> StepResult:
        self._world.interrupted = False
        result = self._tried(step)
        if self._world.interrupted:
            self.interrupted = True
            if result.outcome is not Outcome.HELD:
                return result.model_copy(update={"reason": INTERRUPTED, "remedy": "Run it again."})
        return result

    def _tried(self, step: Step) -> StepResult:
        began = time.monotonic()
        try:
            self._audience.started(step)
            facts = step.run(self._world)
        except MacdError as error:
            return _failed(step, began, error.message, error.remedy)
        except KeyboardInterrupt as error:
            self._world.interrupted = True
            return _failed(step, began, repr(error), "")
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # An answer of another shape than expected; the steps behind it and the cleanup still have to run.
            told = f"The step itself broke ({type(error).__name__}: {error})."
            return _failed(step, began, told, "Report it with the version of the service.")
        except Exception as error:
            if not self._world.interrupted:
                raise
            return _failed(step, began, repr(error), "")
        return _held(step, began, facts)


def _held(step: Step, began: float, facts: Facts) -> StepResult:
    return StepResult(
        step=step.name, proves=step.proves, outcome=Outcome.HELD, took_s=_since(began), facts=tuple(facts)
    )


def _failed(step: Step, began: float, reason: str, remedy: str) -> StepResult:
    return StepResult(
        step=step.name,
        proves=step.proves,
        outcome=Outcome.FAILED,
        took_s=_since(began),
        reason=reason,
        remedy=remedy,
    )


def _skipped(step: Step, reason: str) -> StepResult:
    return StepResult(step=step.name, proves=step.proves, outcome=Outcome.SKIPPED, reason=reason)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
