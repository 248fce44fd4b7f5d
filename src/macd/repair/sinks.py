"""Brings back sinks that have failed; Kafka Connect never does that by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from macd.pipeline import Pipeline
from macd.plan import Plan, plan_connectors
from macd.specs.models import PipelineSpec, Services


def restart_failed_sinks(
    pipeline: PipelineSpec,
    services: Services,
    say: Callable[[str], None] = lambda _: None,
    environment: Mapping[str, str] = os.environ,
) -> Plan:
    """Of the plan for the connectors, makes only the restarts of what failed, as in an outage of MongoDB.

    They go on where they had stopped. A connector that is missing or differs is not this function's business.
    Returns what was done; raises a ServiceError when Kafka Connect cannot be used.
    """
    target = Pipeline(pipeline, services, environment)
    restarts = plan_connectors(pipeline, target.connect, target.environment).restarts
    restarts.apply(lambda change: say(f"Done: {change.render()}"))
    return restarts
