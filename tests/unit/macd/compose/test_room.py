"""What is said before the containers start: too little memory, too few CPUs, images that will not do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from macd.cli.main import app
from macd.compose.room import NEWEST, Model, check_images, check_room, read_model
from macd.errors import EnvironmentNotReady, SpecError

GIB = 2**30
KSQLDB = "confluentinc/cp-ksqldb-server"


def model(**services: dict[str, Any]) -> Model:
    return read_model(json.dumps({"services": services}))


TWO = {
    # As docker compose prints them: bytes in a string, a number of CPUs.
    "kafka": {"mem_limit": "1610612736", "cpus": 2, "restart": "unless-stopped"},
    "init": {"mem_limit": "1073741824", "cpus": 1, "restart": "no"},
    "postgres": {"mem_limit": "536870912", "cpus": 0.5, "restart": "unless-stopped"},
}


def test_it_is_said_what_the_containers_may_take_and_what_docker_has():
    told = "The containers may take 2.0 GiB of memory; Docker has 2.0 GiB and 2 CPU."
    assert check_room(model(**TWO), 2, 2 * GIB) == told


def test_too_little_memory_is_refused_with_the_smaller_file():
    with pytest.raises(
        EnvironmentNotReady, match=r"may take 2.0 GiB of memory; Docker has 1.5 GiB"
    ) as refused:
        check_room(model(**TWO), 2, GIB * 3 // 2)
    assert "docker-compose.small.yaml" in refused.value.remedy


def test_more_cpus_than_docker_has_are_refused_by_the_containers_name():
    with pytest.raises(EnvironmentNotReady, match=r"has 1 CPU .*: kafka \(2\)\.") as refused:
        check_room(model(**TWO), 1, 16 * GIB)
    assert "docker-compose.small.yaml" in refused.value.remedy


def test_a_docker_that_does_not_answer_is_called_that():
    with pytest.raises(EnvironmentNotReady, match="Docker does not answer"):
        check_room(model(**TWO), 0, 0)


@pytest.mark.parametrize(
    "text", ["", "services: {}", '{"services": {}}', '{"services": {"a": {"cpus": "x"}}}']
)
def test_something_else_on_standard_input_is_refused(text):
    with pytest.raises(SpecError, match="docker compose config --format json") as refused:
        read_model(text)
    assert "make compose-check" in refused.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "canary"}',
        '{"services": {"a": {"cpus": "canary"}}}',
        '{"services": {"a": "canary"}}',
        "canary: 1",
    ],
)
def test_what_is_refused_is_not_quoted_because_it_holds_passwords(text):
    with pytest.raises(SpecError) as refused:
        read_model(text)
    assert "canary" not in str(refused.value)
    # Nor by a traceback.
    assert "canary" not in str(refused.value.__cause__)


def warnings(image: str) -> list[str]:
    return list(check_images(model(ksqldb={"image": image})))


@pytest.mark.parametrize("tag", ["7.9.1", "7.4.12", "7.9.1@sha256:" + "0" * 64])
def test_an_image_that_was_read_about_is_not_mentioned(tag):
    assert warnings(f"{KSQLDB}:{tag}") == []


@pytest.mark.parametrize("tag", ["7.9.2", "8.0.1", "8.3.0"])
def test_a_newer_image_is_warned_of(tag):
    assert str(NEWEST) == "7.9.1"
    where = "docker-compose.yaml: services.ksqldb.image"
    for image in (f"{KSQLDB}:{tag}", f"docker.io/{KSQLDB}:{tag}", f"mirror.test:5000/x/{KSQLDB}:{tag}"):
        told = f"{where} {image} is newer than 7.9.1, by which docker-compose.yaml was written."
        assert warnings(image) == [told]


@pytest.mark.parametrize("tag", ["8.0.0", "8.0.0@sha256:" + "0" * 64])
def test_a_ksqldb_that_is_not_safe_is_refused_by_service_and_tag(tag):
    with pytest.raises(SpecError, match=rf"services\.ksqldb\.image {KSQLDB}:{tag} .*KAFKA-19668") as refused:
        warnings(f"{KSQLDB}:{tag}")
    assert "7.9.1" in refused.value.remedy


def test_the_bases_of_the_images_that_are_built_here_are_looked_at_too(tmp_path):
    base = "docker.io/confluentinc/cp-kafka-connect:8.0.1"
    file = tmp_path / "connect" / "Dockerfile"
    file.parent.mkdir()
    file.write_text(
        f"FROM maven:3.9.9 AS plugin\n# FROM {KSQLDB}:9.0.0\nFROM --platform=linux/amd64 {base}\n"
    )
    [told] = check_images(model(ksqldb={}), tmp_path)
    assert told.startswith(f"docker/connect/Dockerfile: FROM {base} is newer than 7.9.1, ")
    file.write_text(f"FROM {KSQLDB}:8.0.0\n")
    with pytest.raises(
        SpecError, match=rf"docker/connect/Dockerfile: FROM {KSQLDB}:8\.0\.0 may join wrongly"
    ):
        list(check_images(model(ksqldb={}), tmp_path))


@pytest.mark.parametrize(
    "image",
    ["macd-airflow:0.1.0", "postgres:17.6-alpine", "mongo:7.0.28", "mongo", "notconfluentinc/cp-x:9.0.0"],
)
def test_other_images_are_left_alone(image):
    assert warnings(image) == []


def check(document: object, cpus: int, memory: int) -> Any:
    arguments = ["compose", "check", f"--cpus={cpus}", f"--memory={memory}"]
    return CliRunner().invoke(app, arguments, input=json.dumps(document))


def test_the_command_warns_and_tells():
    services = TWO | {"ksqldb": {"image": f"{KSQLDB}:8.1.0"}}
    done = check({"services": services}, 4, 16 * GIB)
    assert done.exit_code == 0
    assert "warning docker-compose.yaml: services.ksqldb.image " in done.output
    assert "Docker has 16.0 GiB and 4 CPU." in done.output


def test_the_command_refuses():
    assert isinstance(check({"services": TWO}, 1, 16 * GIB).exception, EnvironmentNotReady)
