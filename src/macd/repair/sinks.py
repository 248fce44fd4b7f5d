"""Brings back sinks that have failed; Kafka Connect never does that by itself."""

from __future__ import annotations

from collections.abc import Callable

from macd.clients.connectors import connect_client
from macd.specs.models import PipelineSpec, Services


def restart_failed_sinks(
    pipeline: PipelineSpec, services: Services, say: Callable[[str], None] = lambda _: None
) -> tuple[str, ...]:
    """Restarts the pipeline's connectors of which something has failed, as after an outage of MongoDB.

    They go on where they had stopped. What runs is left alone, and a connector that is not there as well.
    Returns the names of those that were restarted; raises a ServiceError when Kafka Connect cannot be used.
    """
    connect = connect_client(services.kafka_connect)
    statuses = [status for spec in pipeline.connectors if (status := connect.status(spec.name))]
    failed = [status for status in statuses if status.failed]
    for status in failed:
        reasons = "; ".join(filter(None, (status.trace, *(task.trace for task in status.failures))))
        connect.restart_failed(status.name)
        say(f"Restarted connector {status.name}, which had failed: {reasons or 'no reason given'}")
    return tuple(status.name for status in failed)
