"""`macd preflight` while nothing runs: every service is named, with what to do, in a table and as JSON."""

from __future__ import annotations

import json
import socket

import pytest
from rich.console import Console

from macd.cli import preflight as module
from macd.cli.main import main

SERVICES = ["Kafka", "Schema Registry", "ksqlDB", "Kafka Connect", "MongoDB"]


@pytest.fixture
def macd(monkeypatch, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for service in ("KAFKA", "REGISTRY", "KSQLDB", "CONNECT", "MONGODB"):
        monkeypatch.setenv(f"MACD_LOCAL_{service}_PORT", port)
    monkeypatch.setattr("macd.clients.mongodb._TIME_LIMITS", {"serverSelectionTimeoutMS": 200})

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["macd", "preflight", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return run


def test_every_service_is_named_in_one_document(macd):
    code, out, err = macd("--json")
    report = json.loads(out)
    assert (code, report["passed"]) == (11, False)
    assert [(check["service"], check["outcome"]) for check in report["checks"]] == [
        (service, "FAILED") for service in SERVICES
    ]
    assert all(check["remedy"] and check["may_pass"] for check in report["checks"])
    assert "remedy Start the service" in err


@pytest.mark.parametrize("is_terminal", [True, False])
def test_people_get_a_table_and_what_to_do(macd, monkeypatch, is_terminal):
    monkeypatch.setattr(module, "out", Console(highlight=False, force_terminal=is_terminal, width=200))
    code, out, _ = macd()
    assert code == 11
    for service in SERVICES:
        assert service in out
    assert "FAILED preflight of target local" in out
    assert "What to do" in out
    assert "What it costs" not in out
