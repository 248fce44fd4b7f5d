"""The whole of docker-compose.yaml in containers: up, one run, what it leaves behind, down. Needs Docker."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from macd.clients.connect import KafkaConnect
from macd.compose.env import values, write_env
from macd.settings import REPOSITORY
from macd.specs import HttpService
from tests.stack import MACD, free_ports

PORTS = ("KAFKA", "REGISTRY", "CONNECT", "KSQLDB", "MONGODB", "AIRFLOW", "MAIL")
PROFILES = ("--profile", "core", "--profile", "airflow", "--profile", "tools")

# Building and pulling several GB the first time, then two minutes.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Containers:
    """A Compose project of its own, beside one that a developer may have running."""

    env: dict[str, str]

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["docker", "compose", "--project-name", "macd-test", *PROFILES, *arguments]
        return self._run(command)

    def macd(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line on this machine, as `make compose-run` calls it."""
        return self._run([*MACD, *arguments])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = os.environ | self.env
        return subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )


def docker_or_leave() -> None:
    """Skips, and says what is missing."""
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("no Docker: docker-compose.yaml was not started")
        if done.returncode:
            pytest.skip(f"`{' '.join(command)}` failed: docker-compose.yaml was not started")


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    docker_or_leave()
    file: Path = tmp_path_factory.mktemp("compose") / ".env"
    write_env(REPOSITORY / ".env.example", file)
    ports = {f"MACD_COMPOSE_{name}_PORT": str(port) for name, port in zip(PORTS, free_ports(), strict=False)}
    secrets = values(file)
    airflow = {
        "MACD_TARGET": "compose",
        "MACD_AIRFLOW_URL": f"http://127.0.0.1:{ports['MACD_COMPOSE_AIRFLOW_PORT']}",
        "MACD_AIRFLOW_PASSWORD": secrets["AIRFLOW_ADMIN_PASSWORD"],
    }
    found = Containers(secrets | ports | airflow)
    try:
        for step in (["build"], ["up", "--detach", "--wait", "--wait-timeout", "1800"]):
            done = found.compose(*step)
            assert done.returncode == 0, done.stderr[-5000:] + found.compose("ps", "--all").stdout
        yield found
    finally:
        found.compose("down", "--volumes")


def test_a_run_is_proven(containers):
    done = containers.macd("run", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["report"]
    assert report["passed"]
    assert report["figures"]["orders_stored"] == 500


def test_afterwards_everything_is_as_declared(containers):
    done = containers.macd("plan", "--fail-on-drift")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_log_and_no_listing_shows_a_secret(containers):
    secret, port = containers.env["MACD_CONNECT_PASSWORD"], containers.env["MACD_COMPOSE_CONNECT_PORT"]
    service = HttpService(url=f"http://127.0.0.1:{port}", username="pipeline", password=secret)
    listing = str(KafkaConnect(service).request("GET", "/connectors?expand=info"))
    assert "${env:MACD_MONGODB_URI}" in listing
    shown = listing + containers.compose("logs").stdout
    secrets = {
        name: value for name, value in containers.env.items() if name in values(REPOSITORY / ".env.example")
    }
    secrets.pop("KAFKA_CLUSTER_ID")
    assert [name for name, value in secrets.items() if value in shown] == []


def test_a_stop_and_a_start_keep_everything(containers):
    for step in (["down"], ["up", "--detach", "--wait", "--wait-timeout", "1800"]):
        done = containers.compose(*step)
        assert done.returncode == 0, done.stderr[-5000:]
    done = containers.macd("plan", "--fail-on-drift")
    assert done.returncode == 0, done.stdout + done.stderr
