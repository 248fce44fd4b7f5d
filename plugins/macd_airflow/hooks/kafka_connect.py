"""Kafka Connect through an Airflow connection."""

from __future__ import annotations

from macd.clients.connect import Connect
from macd.clients.connectors import connect_client
from macd.specs import ConnectService
from macd_airflow.hooks.base import ServiceHook, described
from macd_airflow.hooks.http import http_service


class KafkaConnectHook(ServiceHook[Connect]):
    """Connectors, their configuration and their tasks.

    Where they are managed by Confluent Cloud, the connection's extra says so: {"api": "confluent_cloud",
    "environment": "env-...", "cluster": "lkc-..."}; login and password are then a Cloud API key.
    """

    conn_name_attr = "kafka_connect_conn_id"
    default_conn_name = "macd_kafka_connect"
    conn_type = "http"
    hook_name = "Kafka Connect (MACD pipeline)"

    def __init__(self, kafka_connect_conn_id: str = default_conn_name) -> None:
        super().__init__(kafka_connect_conn_id)

    def service(self) -> ConnectService:
        """URL, credentials and protocol of the service."""
        connection = self.get_connection(self.conn_id)
        fields = ("api", "environment", "cluster")
        extra = {key: value for key, value in connection.extra_dejson.items() if key in fields}
        return described(
            ConnectService,
            self.conn_id,
            'Its extra has to be {"api": "confluent_cloud", "environment": "env-...", "cluster": "lkc-..."}.',
            **dict(http_service(connection)),
            **extra,
        )

    def get_conn(self) -> Connect:
        """The client for the protocol that the connection names."""
        return connect_client(self.service())

    def probe(self, client: Connect) -> str:
        """Lists connectors."""
        return f"Kafka Connect answers; it runs {len(client.connectors())} connectors."
