"""Runs the checks of all services at once, within one deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from macd.errors import MacdError, RequestRejected, ServiceUnreachable
from macd.pipeline import Pipeline
from macd.preflight import connect, kafka, ksqldb, mongodb, network, placement, registry
from macd.preflight.costs import costs_of
from macd.preflight.report import PreflightReport
from macd.preflight.result import Answer, Check, CheckOutcome, Outcome, failed, failed_with
from macd.preflight.rules import Rules
from macd.preflight.scene import Scene

Checks = Callable[[Scene], list[Check]]
# In the order in which the data flows, which is that of the report.
SERVICES: Mapping[str, Checks] = {
    kafka.SERVICE: kafka.checks,
    registry.SERVICE: registry.checks,
    ksqldb.SERVICE: ksqldb.checks,
    connect.SERVICE: connect.checks,
    mongodb.SERVICE: mongodb.checks,
    placement.SERVICE: placement.checks,
}


def run_preflight(
    pipeline: Pipeline,
    rules: Rules,
    *,
    allow_region_mismatch: bool = False,
    services: Mapping[str, Checks] = SERVICES,
) -> PreflightReport:
    """The report; a check that failed is in it (see `raise_for_failures`). Changes nothing anywhere."""
    began, looked_at = time.monotonic(), datetime.now(UTC)
    scene = Scene.of(pipeline, rules, allow_region_mismatch=allow_region_mismatch)
    sections = [_Section(name, checks, scene) for name, checks in services.items()]
    for section in sections:
        section.start()
    outcomes = [
        outcome
        for section in sections
        for outcome in section.wait(began + rules.limits.deadline_s, rules.limits.deadline_s)
    ]
    return PreflightReport(
        target=pipeline.spec.target.name,
        looked_at=looked_at,
        took_s=round(time.monotonic() - began, 1),
        checks=tuple(outcomes),
        costs=costs_of(pipeline.spec, rules),
    )


class _Section(threading.Thread):
    """The checks of one service, one after the other, in a thread that nobody has to wait for."""

    def __init__(self, service: str, checks: Checks, scene: Scene) -> None:
        super().__init__(name=f"preflight {service}", daemon=True)
        self._service, self._checks, self._scene = service, checks, scene
        self._found: list[CheckOutcome] = []
        self._asking = "access"
        self._is_complete = False

    def run(self) -> None:
        for check in self._checks(self._scene):
            self._asking = check.name
            answer = _look(check, self._service)
            self._found.append(CheckOutcome.of(self._service, check.name, answer))
            if check.essential and answer.outcome is Outcome.FAILED:
                break
        self._is_complete = True

    def wait(self, until: float, deadline_s: float) -> list[CheckOutcome]:
        """What was found until `until` (monotonic); a check that is still open by then has failed."""
        self.join(max(0.0, until - time.monotonic()))
        found = list(self._found)
        if self._is_complete:
            return found
        if not self.is_alive():
            broken = failed("the check itself broke", "Its traceback stands above; report it.")
            return [*found, CheckOutcome.of(self._service, self._asking, broken)]
        late = failed(f"no answer within {deadline_s:g} s", "Try again; read its log.", may_pass=True)
        return [*found, CheckOutcome.of(self._service, self._asking, late)]


def _look(check: Check, service: str) -> Answer:
    try:
        return check.look()
    except ServiceUnreachable as error:
        return failed_with(network.with_reason(error))
    except MacdError as error:
        if check.essential and isinstance(error, RequestRejected):
            return failed(error.message, f"Something answers there, but not as {service}: check the address.")
        return failed_with(error)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # An answer of another shape than the service's: something else listens at that address.
        return failed(f"not an answer of {service} ({type(error).__name__})", "Check the address.")
