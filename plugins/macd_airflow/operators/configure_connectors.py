"""Configures the pipeline's connectors and waits until they really run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.clients.connect import ConnectorStatus, KafkaConnect
from macd.errors import DeadlineExceeded
from macd.plan import Plan, plan_connectors, plan_indexes
from macd.specs import ConnectorSpec, PipelineSpec
from macd_airflow.hooks.kafka_connect import KafkaConnectHook
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.operators.base import PlanOperator

POLL_SECONDS = 0.5


class ConfigureConnectorsOperator(PlanOperator):
    """Creates, changes or restarts the connectors of include/connectors, and indexes their collections.

    Succeeds only when every task of every connector runs: a connector says RUNNING even while all of its
    tasks have failed.

    :param kafka_connect_conn_id: Airflow connection to Kafka Connect's REST API.
    :param mongodb_conn_id: Airflow connection to MongoDB.
    :param deadline: how long a connector may take until all its tasks run.
    """

    template_fields: Sequence[str] = (
        *PlanOperator.template_fields,
        "kafka_connect_conn_id",
        "mongodb_conn_id",
    )
    ui_color = "#e4d9ee"

    def __init__(
        self,
        *,
        kafka_connect_conn_id: str = KafkaConnectHook.default_conn_name,
        mongodb_conn_id: str = MongoDbHook.default_conn_name,
        deadline: timedelta = timedelta(minutes=2),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kafka_connect_conn_id = kafka_connect_conn_id
        self.mongodb_conn_id = mongodb_conn_id
        self.deadline = deadline

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The connectors' changes, and the indexes that are missing."""
        connect = KafkaConnectHook(self.kafka_connect_conn_id).get_conn()
        indexes = plan_indexes(pipeline, MongoDbHook(self.mongodb_conn_id).service())
        return plan_connectors(pipeline, connect, os.environ) + indexes

    def confirm(self, pipeline: PipelineSpec) -> None:
        """Waits for every connector in turn, each within the deadline."""
        connect = KafkaConnectHook(self.kafka_connect_conn_id).get_conn()
        for connector in pipeline.connectors:
            self._wait_until_healthy(connector, connect)
            self.log.info("Connector %s and all its tasks are RUNNING.", connector.name)

    def _wait_until_healthy(self, connector: ConnectorSpec, connect: KafkaConnect) -> None:
        waiting = Retrying(
            retry=retry_if_result(lambda status: status is None or not status.healthy),
            stop=stop_after_delay(self.deadline),
            wait=wait_fixed(POLL_SECONDS),
        )
        try:
            waiting(connect.status, connector.name)
        except RetryError as error:
            raise self._not_healthy(connector.name, error.last_attempt.result()) from None

    def _not_healthy(self, connector: str, status: ConnectorStatus | None) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"Connector {connector} does not run after {self.deadline}: {_found(status)}.",
            remedy="Find the task's trace in Kafka Connect's log, remove the cause and run this task again.",
        )


def _found(status: ConnectorStatus | None) -> str:
    if status is None:
        return "Kafka Connect does not know it"
    tasks = [f"task {task.task} {task.state} {task.trace}".rstrip() for task in status.tasks]
    return "; ".join([f"connector {status.state}", *(tasks or ["no tasks"])])
