"""Airflow's five processes, its settings, its database and its Connections."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from macd.errors import ServiceError
from macd.keys import fernet_key, long_key
from macd.local import probes
from macd.local.component import Component
from macd.local.config import HOST, REPOSITORY, LocalConfig
from macd.local.files import render, secret, write_private

ADMIN = "admin"
# What of Airflow's health report stands for each process; the API server answers for the database. What tasks
# report to is a server of its own (docs/adr/0017).
_PARTS = {
    "airflow-api": ("api-server", "metadatabase", 500),
    "airflow-tasks": ("api-server", "", 350),
    "airflow-scheduler": ("scheduler", "scheduler", 350),
    "airflow-dag-processor": ("dag-processor", "dag_processor", 250),
    "airflow-triggerer": ("triggerer", "triggerer", 250),
}


def connections(config: LocalConfig) -> dict[str, dict[str, Any]]:
    """Airflow's Connections to the local services, by id, as `airflow connections import` reads them."""

    def http(port: int, path: str = "") -> dict[str, Any]:
        return {"conn_type": "http", "host": f"http://{HOST}:{port}{path}"}

    kafka = {"bootstrap.servers": f"{HOST}:{config.kafka_port}"}
    mongo = {"conn_type": "mongo", "host": HOST, "port": config.mongodb_port, "schema": "macd"}
    smtp = {"conn_type": "smtp", "host": HOST, "port": config.smtp_port}
    mailbox = {"from_email": "airflow@macd.localhost", "to_email": "team@macd.localhost", "timeout": 10}
    # Nobody encrypts mail to the same machine.
    mailbox |= {"disable_ssl": True, "disable_tls": True}
    return {
        "macd_kafka": {"conn_type": "kafka", "extra": json.dumps(kafka)},
        "macd_schema_registry": http(config.registry_port, "/apis/ccompat/v7"),
        "macd_ksqldb": http(config.ksqldb_port),
        "macd_kafka_connect": http(config.connect_port),
        "macd_mongodb": mongo | {"extra": json.dumps({"srv": False, "retryWrites": "false"})},
        "macd_smtp": smtp | {"extra": json.dumps(mailbox)},
    }


def environment(config: LocalConfig) -> dict[str, str]:
    """Variables for every Airflow process and command; generates the secrets on first use."""
    folder = config.data / "secrets"
    generated = {
        "fernet_key": secret(folder / "fernet-key", fernet_key),
        "jwt_secret": secret(folder / "jwt-secret", long_key),
        "api_secret_key": secret(folder / "api-secret-key", long_key),
    }
    text = render("airflow.env", config.variables() | generated)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return config.environment() | dict(line.split("=", 1) for line in lines)


def password(config: LocalConfig) -> str:
    """The password of the user `admin`, generated on first use into a file only this user can read."""
    stored = secret(_password_file(config), lambda: json.dumps({ADMIN: secrets.token_urlsafe(12)}))
    return str(json.loads(stored)[ADMIN])


def login(config: LocalConfig, *, show_password: bool) -> str:
    """The UI's address and how to log in; a log (no terminal) gets the file's name, not the password."""
    how = password(config) if show_password else f"in {_password_file(config)}"
    return f"Airflow  http://{HOST}:{config.airflow_port}  user {ADMIN}, password {how}"


def _password_file(config: LocalConfig) -> Path:
    return config.data / "secrets" / "airflow-passwords.json"


def components(config: LocalConfig) -> list[Component]:
    """API server, the tasks' API server, scheduler, DAG processor and triggerer."""
    database = Database(config)
    return [_component(config, name, database) for name in _PARTS]


def _component(config: LocalConfig, name: str, database: Database) -> Component:
    command, part, memory_mb = _PARTS[name]
    tasks = probes.http(config.airflow_tasks_port, "/execution/health")
    return Component(
        name=name,
        title="Airflow tasks' api-server" if name == "airflow-tasks" else f"Airflow {command}",
        command=(sys.executable, "-m", "airflow", command, *_flags(config, name)),
        ports=_PORTS.get(name, ()),
        environment=lambda: environment(config),
        probe=probes.airflow(config.airflow_port, part) if part else tasks,
        joins=() if name in _PORTS else tuple(_PORTS),
        memory_mb=memory_mb,
        stop_seconds=20,
        prepare=database.prepare,
    )


_PORTS = {"airflow-api": ("airflow",), "airflow-tasks": ("airflow_tasks",)}


def _flags(config: LocalConfig, name: str) -> tuple[str, ...]:
    match name:
        case "airflow-api":
            return ("--apps", "core")
        case "airflow-tasks":
            return ("--apps", "execution", "--port", str(config.airflow_tasks_port))
        case "airflow-scheduler" | "airflow-triggerer":
            # The log servers would listen on all interfaces; the API server reads the same files from disk.
            return ("--skip-serve-logs",)
        case _:
            return ()


class Database:
    """Airflow's metadata database; migrated and given its Connections when any of their inputs changed."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._stamp = config.data / "airflow" / "setup.stamp"

    def prepare(self) -> None:
        """Bring the database up to date; does nothing the second time."""
        with self._lock:
            password(self._config)
            if not self._stamp.is_file() or self._stamp.read_text() != self._inputs():
                self._set_up()
                self._stamp.write_text(self._inputs())

    def _inputs(self) -> str:
        document = [version("apache-airflow"), connections(self._config)]
        return hashlib.sha256(json.dumps(document).encode()).hexdigest()

    def _set_up(self) -> None:
        file = self._config.run / "conf" / "airflow-connections.json"
        write_private(file, json.dumps(connections(self._config), indent=2))
        (self._config.data / "airflow").mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(REPOSITORY / "local" / "airflow_setup.py"), str(file)]
        variables = os.environ | environment(self._config) | {"PYTHONDONTWRITEBYTECODE": ""}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        log = self._config.logs / "airflow-setup.log"
        log.write_text(done.stdout + done.stderr)
        if done.returncode:
            raise ServiceError("Airflow", "its database could not be set up.", remedy=f"Read {log}.")
