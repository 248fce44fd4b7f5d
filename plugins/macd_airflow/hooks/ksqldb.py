"""ksqlDB through an Airflow connection."""

from __future__ import annotations

from macd.clients.ksqldb import KsqlDb
from macd_airflow.hooks.http import HttpServiceHook


class KsqlDbHook(HttpServiceHook[KsqlDb]):
    """Statements, sources, queries."""

    conn_name_attr = "ksqldb_conn_id"
    default_conn_name = "macd_ksqldb"
    hook_name = "ksqlDB (MACD pipeline)"
    client_class = KsqlDb

    def __init__(self, ksqldb_conn_id: str = default_conn_name) -> None:
        super().__init__(ksqldb_conn_id)

    def probe(self, client: KsqlDb) -> str:
        """Asks for the server's version."""
        return f"ksqlDB {client.server_version()} answers."
