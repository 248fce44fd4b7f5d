from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from macd.local.component import Component, nothing_to_do
from macd.local.config import PORT_NAMES, LocalConfig


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Each time another port: the system may give the same one twice once it is free again."""
    given: set[int] = set()

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port in given:
            return find()
        given.add(port)
        return port

    return find


@pytest.fixture
def config(tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> LocalConfig:
    monkeypatch.setenv("MACD_LOCAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MACD_LOCAL_CACHE", str(tmp_path / "cache"))
    for name in PORT_NAMES:
        monkeypatch.setenv(f"MACD_LOCAL_{name.upper()}_PORT", str(free_port()))
    return LocalConfig.load()


@pytest.fixture
def component() -> Callable[..., Component]:
    def make(name: str, *command: str, **rest: object) -> Component:
        options = {"probe": nothing_to_do, "stop_seconds": 5, "deadline_seconds": 10} | rest
        return Component(name, name.title(), command or ("sleep", "600"), **options)  # type: ignore[arg-type]

    return make
