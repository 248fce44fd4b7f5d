"""The health checks of docker-compose.yaml, against servers of this process."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.unit.compose.files import config, services


def answers(url: str, *arguments: str, login: str | None = None) -> bool:
    """Whether answers.sh of the containers is content with a server."""
    port, path = re.fullmatch(r"http://127.0.0.1:(\d+)(.*)", url).groups()
    environment = {"PATH": os.environ["PATH"]} | ({"ANSWERS_LOGIN": login} if login else {})
    command = ["bash", "-c", config("answers"), "answers.sh", port, path, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=10, check=False)
    return done.returncode == 0


@pytest.mark.parametrize(
    ("answer", "healthy"), [("well", True), ("spaced", True), ("ill", False), ("silent", False)]
)
def test_ksqldb_is_healthy_when_it_says_so_of_itself(requests_server, answer, healthy):
    kind, *command, path, start = services()["ksqldb"]["healthcheck"]["test"]
    assert (kind, command, path) == ("CMD", ["bash", "/answers.sh", "8088"], "/healthcheck")
    assert answers(f"{requests_server}/{answer}{path}", start) is healthy


def test_a_service_is_healthy_when_it_answers_with_200(requests_server):
    assert answers(f"{requests_server}/good")
    assert not answers(f"{requests_server}/bad")
    assert not answers(f"{requests_server}/nothing")
    assert not answers("http://127.0.0.1:9/good")


def test_a_service_that_asks_for_a_login_gets_it(requests_server):
    assert answers(f"{requests_server}/guarded", login="pipeline:secret")
    assert not answers(f"{requests_server}/guarded", login="pipeline:other")
    assert not answers(f"{requests_server}/guarded")


@pytest.mark.parametrize(
    ("service", "port", "name"), [("kafka", "19092", "127.0.0.1"), ("mongodb", "27017", "mongodb")]
)
def test_a_service_is_healthy_when_its_port_is_open(requests_server, service, port, name):
    kind, *command, script = services()[service]["healthcheck"]["test"]
    assert (kind, command, script) == ("CMD", ["bash", "-c"], f"</dev/tcp/{name}/{port}")
    here = script.replace(name, "127.0.0.1")
    opened = here.replace(port, requests_server.rsplit(":", 1)[1])
    assert subprocess.run([*command, opened], check=False).returncode == 0
    closed = here.replace(port, "9")
    assert subprocess.run([*command, closed], capture_output=True, check=False).returncode != 0


def test_no_check_needs_what_an_image_may_lack():
    """curl left Confluent's images; localhost may be ::1, where nobody listens."""
    for service in services().values():
        check = service["healthcheck"].get("test", [])
        assert not [word for word in check if "curl" in word or "localhost" in word]
        assert check[1:2] in ([], ["bash"], ["python"], ["/mailpit"], ["pg_isready"])


def test_a_slow_machine_has_time_to_start():
    for name in set(services()) - {"airflow-init"}:
        check = dict(services()[name]["healthcheck"])
        check.pop("test")
        assert check == {"interval": "5s", "timeout": "10s", "retries": 12, "start_period": "10m"}
