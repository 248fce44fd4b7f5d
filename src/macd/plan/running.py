"""Waits for queries: one that is being restarted, as after an outage, says so in its state for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.clients.ksqldb import KsqlDb, Query
from macd.plan.changes import Blocked, Plan
from macd.specs.models import PipelineSpec

DEADLINE = timedelta(minutes=1)
POLL_SECONDS = 0.5


def wait_until_running(
    pipeline: PipelineSpec, ksqldb: KsqlDb, deadline: timedelta = DEADLINE
) -> tuple[Query, ...]:
    """The pipeline's queries that do not run by the deadline; only one that goes on so is dead."""
    topics = {topic.name for topic in pipeline.topics}

    def not_running() -> tuple[Query, ...]:
        ours = (query for query in ksqldb.queries() if topics.intersection(query.sink_topics))
        return tuple(query for query in ours if query.state != "RUNNING")

    try:
        waiting = Retrying(
            retry=retry_if_result(bool), stop=stop_after_delay(deadline), wait=wait_fixed(POLL_SECONDS)
        )
        return waiting(not_running)
    except RetryError as error:
        late: tuple[Query, ...] = error.last_attempt.result()
        return late


def plan_when_running(
    pipeline: PipelineSpec, ksqldb: KsqlDb, plan: Callable[[], Plan], deadline: timedelta = DEADLINE
) -> Plan:
    """A plan made while the pipeline's queries run, or when one of them does not by the deadline.

    Somebody else may be deploying the same pipeline: between two looks a query is there that does not run
    yet, and that blocks a plan. So what blocks is believed when two plans in a row say it,
    or at the deadline.
    """
    ends = time.monotonic() + deadline.total_seconds()
    before: tuple[Blocked, ...] = ()
    while True:
        late = wait_until_running(pipeline, ksqldb, deadline)
        found = plan()
        if late or found.blocked == before or not found.blocked or time.monotonic() >= ends:
            return found
        before = found.blocked
