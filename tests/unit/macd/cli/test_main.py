"""What a user sees when things are not as they should be: message, remedy, and an exit code of its own."""

from __future__ import annotations

import json
import shutil
import socket

import pytest

from macd.errors import MacdError
from macd.settings import REPOSITORY


@pytest.fixture
def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_help_lists_the_commands(macd):
    code, out, _ = macd("--help")
    assert code == 0
    for command in ("preflight", "plan", "apply", "status", "seed", "verify", "destroy", "run", "local"):
        assert command in out


def test_a_wrong_file_exits_with_3_and_names_file_field_and_remedy(macd, monkeypatch, tmp_path):
    include = tmp_path / "include"
    shutil.copytree(REPOSITORY / "include", include)
    path = include / "topics" / "macd_orders.yaml"
    path.write_text(path.read_text().replace("partitions: 2", "partitons: 2"))
    monkeypatch.setenv("MACD_INCLUDE_DIR", str(include))
    code, out, err = macd("plan")
    assert (code, out) == (3, "")
    said = " ".join(err.split())
    assert "macd_orders.yaml" in said
    assert "targets.local.partitons" in said
    assert "Did you mean 'partitions'?" in said


def test_an_unknown_target_exits_with_3(macd, monkeypatch):
    monkeypatch.setenv("MACD_TARGET", "moon")
    code, _, err = macd("plan")
    assert code == 3
    assert "moon" in err


def test_a_broker_that_is_down_exits_with_5_and_is_named(macd, monkeypatch, closed_port):
    monkeypatch.setenv("MACD_LOCAL_KAFKA_PORT", str(closed_port))
    monkeypatch.setattr("macd.clients.kafka.TIMEOUT_S", 0.3)
    code, _, err = macd("plan")
    assert code == 5
    assert f"Kafka: no answer from 127.0.0.1:{closed_port}" in " ".join(err.split())
    assert "remedy" in err


def test_status_shows_every_part_even_when_a_service_is_down(macd, monkeypatch, closed_port):
    for service in ("KAFKA", "REGISTRY", "KSQLDB", "CONNECT"):
        monkeypatch.setenv(f"MACD_LOCAL_{service}_PORT", str(closed_port))
    monkeypatch.setattr("macd.clients.kafka.TIMEOUT_S", 0.3)
    code, out, _ = macd("status", "--json")
    rows = json.loads(out)
    assert code == 1
    assert [row["part"] for row in rows] == ["topics", "subjects", "streams", "connectors"]
    assert not any(row["healthy"] for row in rows)


def test_exit_codes_are_distinct():
    def family(error):
        yield error
        for child in error.__subclasses__():
            yield from family(child)

    codes = {
        error.__name__: error.__dict__["exit_code"]
        for error in family(MacdError)
        if "exit_code" in error.__dict__
    }
    assert len(set(codes.values())) == len(codes)
    assert 0 not in codes.values()
    assert 2 not in codes.values(), "2 is a wrong command line"
