"""Schema Registry through an Airflow connection."""

from __future__ import annotations

from macd.clients.registry import SchemaRegistry
from macd_airflow.hooks.http import HttpServiceHook


class SchemaRegistryHook(HttpServiceHook[SchemaRegistry]):
    """Subjects, versions, compatibility."""

    conn_name_attr = "schema_registry_conn_id"
    default_conn_name = "macd_schema_registry"
    hook_name = "Schema Registry (MACD pipeline)"
    client_class = SchemaRegistry

    def __init__(self, schema_registry_conn_id: str = default_conn_name) -> None:
        super().__init__(schema_registry_conn_id)

    def probe(self, client: SchemaRegistry) -> str:
        """Lists subjects."""
        return f"Schema Registry answers; it holds {len(client.subjects())} subjects."
