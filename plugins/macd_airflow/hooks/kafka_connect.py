"""Kafka Connect through an Airflow connection."""

from __future__ import annotations

from macd.clients.connect import KafkaConnect
from macd_airflow.hooks.http import HttpServiceHook


class KafkaConnectHook(HttpServiceHook[KafkaConnect]):
    """Connectors, their configuration and their tasks."""

    conn_name_attr = "kafka_connect_conn_id"
    default_conn_name = "macd_kafka_connect"
    hook_name = "Kafka Connect (MACD pipeline)"
    client_class = KafkaConnect

    def __init__(self, kafka_connect_conn_id: str = default_conn_name) -> None:
        super().__init__(kafka_connect_conn_id)

    def probe(self, client: KafkaConnect) -> str:
        """Lists connectors."""
        return f"Kafka Connect answers; it runs {len(client.connectors())} connectors."
