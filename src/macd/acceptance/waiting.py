"""Waits for a target: asks until nothing is amiss."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_exponential,
)

from macd.acceptance.names import marks_of
from macd.acceptance.step import hold
from macd.acceptance.world import World
from macd.clients.connect import ConnectorStatus
from macd.errors import ServiceError
from macd.pipeline import Pipeline

POLL_S = 0.5
# A managed connector takes minutes, and its service counts the requests.
MOST_POLL_S = 10.0
SHOWN = 12


def wait_until_none(look: Callable[[], list[str]], limit_s: float) -> list[str]:
    """Asks until nothing is found; what is still found after `limit_s`, or the last error."""
    waiting = Retrying(
        retry=retry_if_result(bool) | retry_if_exception_type(ServiceError),
        stop=stop_after_delay(limit_s),
        wait=wait_exponential(POLL_S, MOST_POLL_S, exp_base=1.5),
    )
    try:
        return waiting(look)
    except RetryError as error:
        last: list[str] = error.last_attempt.result()
        return last


def wait_until_deployed(pipeline: Pipeline, world: World) -> None:
    """Until nothing is left to change and every connector's task runs; AcceptanceFailed at the deadline.

    Remembers by what the parts that the services make for it are known.
    """
    limit_s = max(world.deadline_s, pipeline.spec.target.connectors_run_within.total_seconds())
    found = wait_until_none(lambda: _unsettled(pipeline), limit_s)
    world.marks |= marks_of(pipeline)
    hold(
        not found,
        f"Not everything runs after {limit_s:.0f} s: {'; '.join(found[:SHOWN])}.",
        "Look at `macd status` and the service's log.",
    )


def _unsettled(pipeline: Pipeline) -> list[str]:
    pending = [change.render() for change in pipeline.plan().pending]
    states = {sink.name: pipeline.connect.status(sink.name) for sink in pipeline.spec.connectors}
    return [*pending, *(_unwell(name, state) for name, state in states.items() if not _is_well(state))]


def _is_well(status: ConnectorStatus | None) -> bool:
    return status is not None and status.healthy


def _unwell(name: str, status: ConnectorStatus | None) -> str:
    return f"connector {name} {status.detail if status else 'is missing'}"
