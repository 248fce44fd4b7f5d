"""Configures the pipeline's connectors and waits until they really run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tenacity import RetryCallState, RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential
from tenacity.stop import stop_base

from macd.clients.connect import Connect, ConnectorStatus
from macd.errors import DeadlineExceeded
from macd.plan import Plan, plan_connectors, plan_indexes
from macd.specs import ConnectorSpec, PipelineSpec, with_sink_variables
from macd_airflow.hooks.kafka_connect import KafkaConnectHook
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.operators.base import PlanOperator

POLL_SECONDS = 0.5
MOST_POLL_SECONDS = 10.0
# So long a connector may say that it failed: a restart that was asked for shows only after a while.
FAILED_FOR = timedelta(minutes=2)


class ConfigureConnectorsOperator(PlanOperator):
    """Creates, changes or restarts the connectors of include/connectors, and indexes their collections.

    Succeeds only when every task of every connector runs: a connector says RUNNING even while all of its
    tasks have failed.

    :param kafka_connect_conn_id: Airflow connection to Kafka Connect's REST API.
    :param deadline: how long a connector may take until all its tasks run; the target's
        `connectors_run_within` when None. One that says FAILED for two minutes is given up before.
    """

    template_fields: Sequence[str] = (*PlanOperator.template_fields, "kafka_connect_conn_id")
    ui_color = "#e4d9ee"

    def __init__(
        self,
        *,
        kafka_connect_conn_id: str = KafkaConnectHook.default_conn_name,
        deadline: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kafka_connect_conn_id = kafka_connect_conn_id
        self.deadline = deadline

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The connectors' changes, and the indexes that are missing."""
        connect = KafkaConnectHook(self.kafka_connect_conn_id).get_conn()
        mongodb = MongoDbHook(self.mongodb_conn_id).service()
        connectors = plan_connectors(pipeline, connect, with_sink_variables(os.environ, mongodb))
        return connectors + plan_indexes(pipeline, mongodb)

    def confirm(self, pipeline: PipelineSpec) -> None:
        """Waits for every connector in turn, each within the deadline."""
        connect = KafkaConnectHook(self.kafka_connect_conn_id).get_conn()
        deadline = self.deadline or pipeline.target.connectors_run_within
        for connector in pipeline.connectors:
            self._wait_until_healthy(connector, connect, deadline)
            self.log.info("Connector %s and all its tasks are RUNNING.", connector.name)

    def _wait_until_healthy(self, connector: ConnectorSpec, connect: Connect, deadline: timedelta) -> None:
        waiting = Retrying(
            retry=retry_if_result(lambda status: status is None or not status.healthy),
            stop=stop_after_delay(deadline) | _FailedFor(FAILED_FOR),
            wait=wait_exponential(multiplier=POLL_SECONDS, max=MOST_POLL_SECONDS),
        )
        try:
            waiting(connect.status, connector.name)
        except RetryError as error:
            waited = timedelta(seconds=round(waiting.statistics["delay_since_first_attempt"]))
            raise _not_healthy(connector.name, error.last_attempt.result(), waited) from None


class _FailedFor(stop_base):
    """Stops once a connector has failed and stayed so."""

    def __init__(self, limit: timedelta) -> None:
        self._limit_s = limit.total_seconds()
        self._since: float | None = None

    def __call__(self, attempts: RetryCallState) -> bool:
        status = attempts.outcome and attempts.outcome.result()
        if status is None or not status.failed:
            self._since = None
            return False
        now = attempts.seconds_since_start or 0.0
        self._since = now if self._since is None else self._since
        return now - self._since >= self._limit_s


def _not_healthy(connector: str, status: ConnectorStatus | None, waited: timedelta) -> DeadlineExceeded:
    found = "Kafka Connect does not know it" if status is None else f"connector {status.detail}"
    return DeadlineExceeded(
        f"Connector {connector} does not run after {waited}: {found}.",
        remedy="Find the task's trace in Kafka Connect's log, remove the cause and run this task again.",
    )
