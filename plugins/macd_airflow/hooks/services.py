"""All five services at once, for what works across them: seeding and verifying a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from macd.specs import Services
from macd_airflow.hooks.kafka import KafkaHook
from macd_airflow.hooks.kafka_connect import KafkaConnectHook
from macd_airflow.hooks.ksqldb import KsqlDbHook
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.hooks.schema_registry import SchemaRegistryHook


@dataclass(frozen=True)
class ConnectionIds:
    """The ids of the five Airflow connections."""

    kafka: str = KafkaHook.default_conn_name
    schema_registry: str = SchemaRegistryHook.default_conn_name
    ksqldb: str = KsqlDbHook.default_conn_name
    kafka_connect: str = KafkaConnectHook.default_conn_name
    mongodb: str = MongoDbHook.default_conn_name

    def services(self) -> Services:
        """Reads the connections."""
        return Services(
            kafka=KafkaHook(self.kafka).service(),
            schema_registry=SchemaRegistryHook(self.schema_registry).service(),
            ksqldb=KsqlDbHook(self.ksqldb).service(),
            kafka_connect=KafkaConnectHook(self.kafka_connect).service(),
            mongodb=MongoDbHook(self.mongodb).service(),
        )

    def as_dict(self) -> dict[str, str]:
        """For a trigger: ids only, never what they stand for."""
        return asdict(self)
