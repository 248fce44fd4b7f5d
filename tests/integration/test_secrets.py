"""Canary secrets in Airflow's Connections: a run uses them, and nothing that anybody may read shows them.

The local services ignore credentials, so the canaries change nothing else. MongoDB's stand-in knows no
users and refuses a login, so its connection has no canary.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests

from macd.local import strays
from macd.local.airflow import connections
from tests.stack import Stack

pytestmark = pytest.mark.integration
CANARY = "canary-5cbd1f"
REST = ("macd_schema_registry", "macd_ksqldb", "macd_kafka_connect")


def with_canaries(config: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The connections with a secret as password or in extra. (The host is no place: Airflow shows it.)"""
    for conn_id in REST:
        config[conn_id] |= {"login": "ada", "password": f"{CANARY}-{conn_id}"}
    for conn_id, key in (("macd_kafka", "sasl.password"), ("macd_smtp", "oauth_token")):
        extra = json.loads(config[conn_id]["extra"]) | {key: f"{CANARY}-{conn_id}"}
        config[conn_id]["extra"] = json.dumps(extra)
    return config


def replace(stack: Stack, config: dict[str, dict[str, Any]]) -> None:
    for conn_id, connection in config.items():
        fields = {"login": None, "password": None} | connection
        # One call a connection; what is not named in it is left alone.
        stack.airflow.request("PATCH", f"/api/v2/connections/{conn_id}", {"connection_id": conn_id, **fields})


@pytest.fixture(scope="module")
def run_id(stack: Stack) -> Iterator[str]:
    """A run that used the canaries, after one that failed with them, so that its errors are searched too."""
    config = with_canaries(connections(stack.config))
    nobody_there = config["macd_ksqldb"] | {"host": "http://127.0.0.1:1"}
    replace(stack, config | {"macd_ksqldb": nobody_there})
    try:
        assert stack.finish(stack.start_run(orders=50)).state == "failed"
        replace(stack, config)
        run = stack.start_run(orders=50)
        assert stack.finish(run).state == "success"
        yield run.dag_run_id
    finally:
        replace(stack, connections(stack.config))


def hidden(text: str) -> bool:
    return CANARY not in text and CANARY not in text.replace("\x00", "")


def test_no_file_of_the_stack_shows_one(stack: Stack, run_id: str) -> None:
    """Logs of Airflow's tasks and processes and of every service, their data, and the configuration."""
    found = [path for path in stack.config.home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any("attempt=" in path.name for path in found)
    showing = [str(path) for path in found if CANARY.encode() in _bytes(path)]
    assert showing == []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def test_no_table_of_airflows_database_shows_one(stack: Stack, run_id: str) -> None:
    """XCom, rendered fields, conf and all the rest; in the connections they are encrypted."""
    [file] = (stack.config.data / "airflow").glob("*.db")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "xcom" in tables
        for table in tables:
            rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
            assert hidden(repr(rows)), table


def test_no_answer_of_airflow_shows_one(stack: Stack, run_id: str) -> None:
    run = f"/api/v2/dags/macd_pipeline/dagRuns/{quote(run_id, safe='')}"
    tasks = stack.airflow.request("GET", f"{run}/taskInstances")["task_instances"]
    assert tasks
    paths = [run, f"{run}/taskInstances", "/api/v2/connections", "/api/v2/eventLogs?limit=1000"]
    for task in tasks:
        one = f"{run}/taskInstances/{task['task_id']}"
        paths += [one, f"{one}/xcomEntries", f"{one}/logs/1"]
    answers = {path: json.dumps(stack.airflow.request("GET", path)) for path in paths}
    assert [path for path, answer in answers.items() if not hidden(answer)] == []


def test_the_dashboard_shows_none(stack: Stack, run_id: str) -> None:
    named = f"run?run_id={quote(run_id, safe='')}"
    for path in ("pipeline", "runs", "alerts", "mismatches", named):
        assert hidden(json.dumps(stack.airflow.request("GET", f"/macd/api/{path}")))


def test_no_service_shows_one(stack: Stack, run_id: str) -> None:
    connect, ksqldb = stack.services.kafka_connect.url, stack.services.ksqldb.url
    for path in ("/connectors?expand=info&expand=status", "/"):
        assert hidden(requests.get(connect + path, timeout=30).text)
    for statement in ("SHOW STREAMS EXTENDED;", "SHOW QUERIES;", "SHOW PROPERTIES;"):
        assert hidden(requests.post(f"{ksqldb}/ksql", json={"ksql": statement}, timeout=30).text)


def test_no_process_has_one_in_its_arguments(stack: Stack, run_id: str) -> None:
    """Nor any other secret of the stack: arguments are everybody's to read."""
    generated = [secret for path in (stack.config.data / "secrets").iterdir() for secret in _secrets_in(path)]
    processes = strays.find(stack.config.home)
    assert len(processes) > 5
    for process in processes:
        try:
            arguments = " ".join(process.cmdline())
        except psutil.Error:
            continue
        assert hidden(arguments)
        assert not [secret for secret in generated if secret in arguments]


def _secrets_in(path: Path) -> list[str]:
    """The secret that a file is, or those of a JSON object."""
    text = path.read_text().strip()
    return list(json.loads(text).values()) if path.suffix == ".json" else [text]


def test_no_other_user_can_read_a_file_that_holds_a_secret(stack: Stack, run_id: str) -> None:
    secrets = [secret for path in (stack.config.data / "secrets").iterdir() for secret in _secrets_in(path)]
    files = [path for path in stack.config.home.rglob("*") if path.is_file() and not path.is_symlink()]
    holding = [path for path in files if any(secret.encode() in _bytes(path) for secret in secrets)]
    assert len(holding) >= len(secrets)
    assert [str(path) for path in holding if path.stat().st_mode & 0o077] == []


def test_no_collection_shows_one(stack: Stack, run_id: str) -> None:
    def texts(database: Any) -> dict[str, str]:
        names = database.list_collection_names()
        return {name: repr(list(database[name].find().batch_size(1000))) for name in names}

    for name, text in stack.in_collection(texts).items():
        assert hidden(text), name
