from __future__ import annotations

import base64
import json

from macd.local import airflow
from macd.local.config import LocalConfig


def test_connections_point_at_the_configured_ports(config: LocalConfig) -> None:
    connections = airflow.connections(config)
    assert set(connections) == {
        "macd_kafka",
        "macd_schema_registry",
        "macd_ksqldb",
        "macd_kafka_connect",
        "macd_mongodb",
        "macd_smtp",
    }
    assert json.loads(connections["macd_kafka"]["extra"]) == {
        "bootstrap.servers": f"127.0.0.1:{config.kafka_port}"
    }
    assert connections["macd_mongodb"]["port"] == config.mongodb_port
    assert connections["macd_schema_registry"]["host"].endswith(f":{config.registry_port}/apis/ccompat/v7")


def test_environment_is_complete_and_stable(config: LocalConfig) -> None:
    first = airflow.environment(config)
    assert first == airflow.environment(config)
    assert first["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert first["MACD_TARGET"] == "local"
    assert first["MACD_LOCAL_KAFKA_PORT"] == str(config.kafka_port)
    assert len(base64.urlsafe_b64decode(first["AIRFLOW__CORE__FERNET_KEY"])) == 32


def test_secrets_are_readable_by_this_user_only(config: LocalConfig) -> None:
    airflow.environment(config)
    password = airflow.password(config)
    assert password == airflow.password(config)
    modes = {path.stat().st_mode & 0o777 for path in (config.data / "secrets").iterdir()}
    assert modes == {0o600}


def test_the_password_is_shown_on_a_terminal_and_kept_out_of_logs(config):
    password = airflow.password(config)
    assert password in airflow.login(config, show_password=True)
    hidden = airflow.login(config, show_password=False)
    assert password not in hidden
    assert "airflow-passwords.json" in hidden


def test_no_process_opens_a_log_server(config: LocalConfig) -> None:
    commands = {one.name: one.command for one in airflow.components(config)}
    assert "--skip-serve-logs" in commands["airflow-scheduler"]
    assert "--skip-serve-logs" in commands["airflow-triggerer"]


def test_what_tasks_report_to_is_a_server_of_its_own(config: LocalConfig) -> None:
    parts = {one.name: one for one in airflow.components(config)}
    assert parts["airflow-api"].command[-2:] == ("--apps", "core")
    port = str(config.airflow_tasks_port)
    assert parts["airflow-tasks"].command[-4:] == ("--apps", "execution", "--port", port)
    url = airflow.environment(config)["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert url == f"http://127.0.0.1:{port}/execution/"
    assert set(parts["airflow-scheduler"].joins) == {"airflow-api", "airflow-tasks"}


def test_a_change_of_the_connections_is_noticed(config: LocalConfig) -> None:
    moved = config.model_copy(update={"kafka_port": 5})
    assert airflow.Database(config)._inputs() != airflow.Database(moved)._inputs()
    assert airflow.Database(config)._inputs() == airflow.Database(config)._inputs()
