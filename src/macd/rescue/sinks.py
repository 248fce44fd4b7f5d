"""Brings back sinks that have failed; Kafka Connect never does that by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from macd.errors import MacdError, ServiceUnreachable
from macd.pipeline import Pipeline
from macd.plan import Plan, plan_connectors
from macd.rescue.budget import Budget
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

Say = Callable[[str], None]


class Rescue(NamedTuple):
    """What has failed: was restarted now, is restarted later, or is left to people."""

    restarted: Plan
    waiting: Plan
    spent: Plan


def restart_failed_sinks(
    pipeline: PipelineSpec,
    services: Services,
    say: Say = lambda _: None,
    environment: Mapping[str, str] = os.environ,
) -> Plan:
    """Restarts what failed, as in an outage of MongoDB; returns what was done.

    Raises a ServiceError when Kafka Connect cannot be used.
    """
    return restart_due_sinks(Pipeline(pipeline, services, environment), Budget(), say).restarted


def restart_due_sinks(target: Pipeline, budget: Budget, say: Say = lambda _: None) -> Rescue:
    """Of the plan for the connectors, makes only the restarts of what failed and may be tried again now.

    They go on where they had stopped. A connector that is missing or differs is not this function's business.
    """
    failed = plan_connectors(target.spec, target.connect, target.environment).restarts.changes
    budget.forget([change.resource for change in failed])
    spent = Plan.of(change for change in failed if budget.is_spent(change.resource))
    due = Plan.of(change for change in failed if budget.is_due(change.resource))
    waiting = Plan.of(change for change in failed if change not in (*spent.changes, *due.changes))
    for change in due.changes:
        budget.use(change.resource)  # first, so that a restart that is refused counts as well
        change.execute()
        say(f"Done: {change.render()}")
    return Rescue(due, waiting, spent)


class SinkRescue:
    """For whoever waits for records: looks, when nothing moves, whether a sink has failed."""

    def __init__(
        self,
        pipeline: PipelineSpec,
        services: Services,
        say: Say = lambda _: None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._target = Pipeline(pipeline, services, environment)
        self._say = say
        self._budget = Budget()

    def __call__(self) -> bool:
        """Whether waiting on makes sense: something was restarted just now, or Connect itself is away."""
        try:
            return bool(restart_due_sinks(self._target, self._budget, self._say).restarted.changes)
        except ServiceUnreachable as error:
            self._say(f"Waiting on. {error}")
            return True
        except MacdError as error:
            self._say(f"Sinks could not be looked at. {error}")
            return False
