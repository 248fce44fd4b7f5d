"""Removes the pipeline's parts, one kind an operator; what is not there any more is nothing to remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from macd.clients.contents import Contents
from macd.errors import ServiceError
from macd.plan import (
    Part,
    Plan,
    plan_connector_removal,
    plan_document_removal,
    plan_schema_removal,
    plan_stream_removal,
    plan_topic_removal,
)
from macd.specs import PipelineSpec
from macd_airflow.errors import airflow_errors
from macd_airflow.hooks.kafka import KafkaHook
from macd_airflow.hooks.kafka_connect import KafkaConnectHook
from macd_airflow.hooks.ksqldb import KsqlDbHook
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.hooks.schema_registry import SchemaRegistryHook
from macd_airflow.operators.base import PlanOperator
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.text import is_on


class RemovalOperator(ServicesOperator, PlanOperator):
    """Base: plans the removal of one kind of part, shows it and does it.

    Without MongoDB, where it is kept what was made, only what the files declare can be removed. That is what
    `Pipeline.remove` does too; but here each service is reached by Airflow's hook, one kind of part a task.
    """

    ui_color = "#f2c9c9"
    _is_unrecorded = False

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Returns what was removed."""
        removed = super().execute(context)
        names = ", ".join(change["resource"] for change in removed)
        publish(context, f"removed {names}" if removed else f"{self.task_id}: there was nothing to remove")
        return removed

    def orphans(self, pipeline: PipelineSpec) -> list[Part]:
        """What was made once and is not declared any more, as far as that is known."""
        try:
            return self.undeclared(pipeline)
        except ServiceError as error:
            self.log.warning("Only what the files declare is removed. %s", error.message)
            self._is_unrecorded = True
            return []

    def apply(self, plan: Plan, pipeline: PipelineSpec) -> None:
        """Removes, and strikes out what was removed; a record too many is found to be nothing later."""
        if self._is_unrecorded:
            plan.apply(self._done)
        else:
            super().apply(plan, pipeline)


class RemoveConnectorsOperator(RemovalOperator):
    """Deletes the connectors of include/connectors; what they wrote stays."""

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The connectors that exist."""
        connect = KafkaConnectHook(self.kafka_connect_conn_id).get_conn()
        return plan_connector_removal(pipeline, connect, self.orphans(pipeline))


class RemoveStreamsOperator(RemovalOperator):
    """Ends the queries of include/ksql and drops the streams, readers first; what they wrote goes too."""

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The streams that exist."""
        ksqldb = KsqlDbHook(self.ksqldb_conn_id).get_conn()
        topics = Contents(KafkaHook(self.kafka_conn_id).get_conn())
        return plan_stream_removal(pipeline, ksqldb, topics, self.orphans(pipeline))


class RemoveSchemasOperator(RemovalOperator):
    """Deletes the subjects of the pipeline's topics, every version."""

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The subjects that exist."""
        registry = SchemaRegistryHook(self.schema_registry_conn_id).get_conn()
        return plan_schema_removal(pipeline, registry, self.orphans(pipeline))


class RemoveTopicsOperator(RemovalOperator):
    """Deletes the topics of include/topics with all their records."""

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The topics that exist."""
        kafka = KafkaHook(self.kafka_conn_id).get_conn()
        return plan_topic_removal(pipeline, kafka, self.orphans(pipeline))


class RemoveDocumentsOperator(RemovalOperator):
    """Drops the sink's collection and the books about the runs.

    :param delete_documents: drop them; otherwise the task is skipped.
    """

    template_fields: Sequence[str] = (*RemovalOperator.template_fields, "delete_documents")

    def __init__(self, *, delete_documents: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delete_documents = delete_documents

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plans and applies while the database is connected."""
        if not is_on(self.delete_documents):
            raise AirflowSkipException("delete_documents is off: MongoDB keeps its documents.")
        with airflow_errors(), MongoDbHook(self.mongodb_conn_id).get_conn() as self._database:
            return super().execute(context)

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The collections that exist."""
        return plan_document_removal(pipeline, self._database)
