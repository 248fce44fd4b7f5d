"""Base of the operators that work across all five services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from macd_airflow.hooks.services import ConnectionIds
from macd_airflow.lineage import lineage_of
from macd_airflow.operators.base import PipelineOperator

DEFAULT = ConnectionIds()


class ServicesOperator(PipelineOperator):
    """Takes the ids of all five connections.

    :param kafka_conn_id: Airflow connection whose extra is librdkafka's configuration.
    :param schema_registry_conn_id: Airflow connection to the registry's Confluent-compatible API.
    :param ksqldb_conn_id: Airflow connection to ksqlDB's REST API.
    :param kafka_connect_conn_id: Airflow connection to Kafka Connect's REST API.
    :param mongodb_conn_id: Airflow connection to MongoDB.
    """

    template_fields: Sequence[str] = (
        *PipelineOperator.template_fields,
        "kafka_conn_id",
        "schema_registry_conn_id",
        "ksqldb_conn_id",
        "kafka_connect_conn_id",
        "mongodb_conn_id",
    )

    def __init__(
        self,
        *,
        kafka_conn_id: str = DEFAULT.kafka,
        schema_registry_conn_id: str = DEFAULT.schema_registry,
        ksqldb_conn_id: str = DEFAULT.ksqldb,
        kafka_connect_conn_id: str = DEFAULT.kafka_connect,
        mongodb_conn_id: str = DEFAULT.mongodb,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kafka_conn_id = kafka_conn_id
        self.schema_registry_conn_id = schema_registry_conn_id
        self.ksqldb_conn_id = ksqldb_conn_id
        self.kafka_connect_conn_id = kafka_connect_conn_id
        self.mongodb_conn_id = mongodb_conn_id

    def connections(self) -> ConnectionIds:
        """The ids, once templates are rendered."""
        return ConnectionIds(
            kafka=self.kafka_conn_id,
            schema_registry=self.schema_registry_conn_id,
            ksqldb=self.ksqldb_conn_id,
            kafka_connect=self.kafka_connect_conn_id,
            mongodb=self.mongodb_conn_id,
        )

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Inlets and outlets for OpenLineage, whose provider looks for this method."""
        return lineage_of(self.inlets, self.outlets, self.connections().services())
