"""Deploys the pipeline's ksqlDB streams and waits until their queries run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from macd.clients.contents import Contents
from macd.clients.ksqldb import KsqlDb
from macd.errors import DeadlineExceeded
from macd.plan import (
    DEADLINE,
    Plan,
    adopted_of,
    names,
    plan_streams,
    plan_when_running,
    wait_until_running,
)
from macd.specs import PipelineSpec
from macd_airflow.hooks.kafka import KafkaHook
from macd_airflow.hooks.ksqldb import KsqlDbHook
from macd_airflow.operators.base import PlanOperator


class DeployStreamsOperator(PlanOperator):
    """Runs the statements of include/ksql that have not been run yet.

    :param ksqldb_conn_id: Airflow connection to ksqlDB's REST API.
    :param kafka_conn_id: Airflow connection to Kafka: whether a query that is missing has written already.
    :param replace: drop and make anew a stream whose statement changed. Its join then reads its topics
        again; without it such a change fails the task and says what would be lost.
    :param deadline: how long a query may take until it runs. One that is being restarted, as after an
        outage of Kafka, says ERROR for a while; only one that goes on saying so is dead.
    """

    template_fields: Sequence[str] = (*PlanOperator.template_fields, "ksqldb_conn_id", "kafka_conn_id")
    ui_color = "#d3e1f0"

    def __init__(
        self,
        *,
        ksqldb_conn_id: str = KsqlDbHook.default_conn_name,
        kafka_conn_id: str = KafkaHook.default_conn_name,
        replace: bool = False,
        deadline: timedelta = DEADLINE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ksqldb_conn_id = ksqldb_conn_id
        self.kafka_conn_id = kafka_conn_id
        self.replace = replace
        self.deadline = deadline

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The streams' changes; a query that is still dead at the deadline is one of them."""
        for note in pipeline.notes:
            self.log.warning("%s", note)
        ksqldb = KsqlDbHook(self.ksqldb_conn_id).get_conn()
        return plan_when_running(pipeline, ksqldb, partial(self._plan, pipeline, ksqldb), self.deadline)

    def confirm(self, pipeline: PipelineSpec) -> None:
        """Waits until every query of the pipeline runs."""
        ksqldb = KsqlDbHook(self.ksqldb_conn_id).get_conn()
        waiting_for = wait_until_running(pipeline, ksqldb, self.deadline)
        if waiting_for:
            states = ", ".join(f"{query.query_id} is {query.state}" for query in waiting_for)
            raise DeadlineExceeded(
                f"Not every query runs after {self.deadline}: {states}.",
                remedy="Find the reason in ksqlDB's log, remove it and run this task again.",
            )

    def _plan(self, pipeline: PipelineSpec, ksqldb: KsqlDb) -> Plan:
        left = self.undeclared(pipeline)
        orphans = [source for name in names(left, "stream") if (source := ksqldb.source(name))]
        return plan_streams(
            pipeline,
            ksqldb,
            Contents(KafkaHook(self.kafka_conn_id).get_conn()),
            replace=self.replace,
            orphans=orphans,
            adopted=adopted_of(left),
        )
