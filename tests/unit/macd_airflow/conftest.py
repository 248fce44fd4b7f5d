"""Airflow connections as environment variables, which Airflow reads without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Connect = Callable[..., None]


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connect:
    def define(conn_id: str, **fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return define


@pytest.fixture
def connections(connection: Connect) -> None:
    """All five, at addresses where nobody answers."""
    connection("macd_kafka", conn_type="kafka", extra={"bootstrap.servers": "127.0.0.1:1"})
    connection("macd_schema_registry", conn_type="http", host="http://registry.test/apis/ccompat/v7")
    connection("macd_ksqldb", conn_type="http", host="http://ksqldb.test")
    connection("macd_kafka_connect", conn_type="http", host="http://connect.test")
    connection("macd_mongodb", conn_type="mongo", host="127.0.0.1", port=1)
