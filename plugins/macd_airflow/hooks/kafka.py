"""Kafka through an Airflow connection whose extra is librdkafka's configuration."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from macd.clients.kafka import KafkaAdmin
from macd.errors import SpecError
from macd.redaction import SECRET_NAME
from macd.specs import KafkaService
from macd_airflow.hooks.base import ServiceHook, described, secret


class KafkaHook(ServiceHook[KafkaAdmin]):
    """Topics of a Kafka cluster."""

    conn_name_attr = "kafka_conn_id"
    default_conn_name = "macd_kafka"
    conn_type = "kafka"
    hook_name = "Kafka (MACD pipeline)"

    def __init__(self, kafka_conn_id: str = default_conn_name) -> None:
        super().__init__(kafka_conn_id)

    def service(self) -> KafkaService:
        """How to reach the cluster; the connection's extra, as librdkafka takes it."""
        config = self.get_connection(self.conn_id).extra_dejson
        if not config.get("bootstrap.servers"):
            raise SpecError(
                f"The connection {self.conn_id} names no broker.",
                remedy='Put {"bootstrap.servers": "host:port"} and the security settings into its extra.',
            )
        remedy = "Correct its extra, which holds settings of librdkafka and nothing else."
        values = {key: _value(key, value) for key, value in config.items()}
        return described(KafkaService, self.conn_id, remedy, config=values)

    def get_conn(self) -> KafkaAdmin:
        """Kafka's admin client."""
        return KafkaAdmin(self.service())

    def probe(self, client: KafkaAdmin) -> str:
        """Lists topics."""
        client.topics([])
        return "Kafka answers."


def _value(key: str, value: Any) -> SecretStr:
    # Airflow by itself masks only keys that say password, secret or token.
    if SECRET_NAME.search(key):
        return secret(value)
    # librdkafka writes booleans in lower case; JSON's true arrives here as True.
    return SecretStr(str(value).lower() if isinstance(value, bool) else str(value))
