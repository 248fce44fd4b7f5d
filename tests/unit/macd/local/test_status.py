from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from rich.console import Console

from macd.cli.local import _table
from macd.local.component import Component
from macd.local.config import LocalConfig
from macd.local.status import Row, rows
from macd.local.supervisor import ProcessState


def refuse() -> None:
    raise ConnectionRefusedError


@pytest.fixture
def shown(config: LocalConfig, component: Callable[..., Component]) -> list[Row]:
    parts = [
        component("kafka", ports=("kafka", "kafka_controller")),
        component("mute", probe=refuse),
        component("off"),
    ]
    states = {name: ProcessState(name, "RUNNING", os.getpid(), 5, "") for name in ("kafka", "mute")}
    return rows(config, parts, states)


def test_rows_tell_healthy_silent_and_stopped_apart(shown: list[Row], config: LocalConfig) -> None:
    assert [row.health for row in shown] == ["healthy", "nobody answers", "-"]
    assert [row.is_well for row in shown] == [True, False, True]
    assert shown[0].port == config.kafka_port
    assert (shown[0].memory_mb or 0) > 1
    assert shown[2].as_dict()["state"] == "stopped"


def test_a_process_that_gave_up_is_not_well(config: LocalConfig, component: Callable[..., Component]) -> None:
    (row,) = rows(config, [component("kafka")], {"kafka": ProcessState("kafka", "FATAL", 0, 0, "")})
    assert not row.is_well


def test_the_table_fits_a_ci_log(shown: list[Row]) -> None:
    console = Console(width=120, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(_table(shown))
    text = console.export_text()
    console.file.close()
    assert "nobody answers" in text
    assert "logs/kafka.log" in text
    assert all(len(line) <= 120 for line in text.splitlines())
