from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from macd.errors import EnvironmentNotReady
from macd.local import preflight
from macd.local.catalog import catalog
from macd.local.component import Component
from macd.local.config import LocalConfig


@pytest.fixture
def busy(config: LocalConfig) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", config.kafka_port))
        listener.listen()
        yield config.kafka_port


def test_a_taken_port_names_holder_and_variable(config: LocalConfig, busy: int) -> None:
    with pytest.raises(EnvironmentNotReady) as caught:
        preflight.check_ports(config, catalog(config).values())
    assert f"port {busy} (Apache Kafka; MACD_LOCAL_KAFKA_PORT) is taken by process {os.getpid()}" in str(
        caught.value
    )


def test_ports_of_what_runs_already_are_no_obstacle(
    config: LocalConfig, busy: int, component: Callable[..., Component]
) -> None:
    preflight.check(config, [component("kafka", ports=("kafka",))], running={"kafka"})


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_301"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("nonsense", 0),
    ],
)
def test_reads_javas_version(output: str, version: int) -> None:
    assert preflight.java_version(output) == version


def test_missing_java(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match="does not run") as caught:
        preflight.check_java(str(tmp_path / "java"))
    assert "JDK" in caught.value.remedy


def test_old_java(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    with pytest.raises(EnvironmentNotReady, match="Java 11 is too old"):
        preflight.check_java(str(java))


def test_maven_is_asked_for_only_while_the_cache_is_empty(
    config: LocalConfig, component: Callable[..., Component], monkeypatch: pytest.MonkeyPatch
) -> None:
    java = config.home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(config.home))
    monkeypatch.setenv("PATH", str(config.home))
    with pytest.raises(EnvironmentNotReady, match="Maven"):
        preflight.check(config, [component("kafka", jars=("kafka",))], running=())
    preflight.check(config, [component("smtp")], running=())


def test_too_little_memory_says_how_much_is_needed() -> None:
    with pytest.raises(EnvironmentNotReady, match=r"Only 300 MB of memory are available; .* about 2000 MB"):
        preflight.check_memory(2000, 300 * 2**20)
    preflight.check_memory(2000, 1500 * 2**20)


def test_too_little_disk_names_the_folder(config: LocalConfig) -> None:
    with pytest.raises(EnvironmentNotReady, match="MB are free on the disk of"):
        preflight.check_disk(config, needed_mb=10**9)
