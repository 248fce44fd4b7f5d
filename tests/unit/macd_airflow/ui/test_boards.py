"""The dashboard follows its Connections without a restart, and keeps what it remembers until then."""

from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd.settings import REPOSITORY
from macd.specs import PipelineSpec, Services, load_pipeline, resolve_services
from macd_airflow.ui.boards import LOOK_EVERY_S, Boards, read

SPEC = load_pipeline(REPOSITORY / "include", "local")


class World:
    """Connections that somebody may change."""

    def __init__(self) -> None:
        self.now = 0.0
        self.port = "27017"
        self.reads = 0
        self.boards = Boards(self.read, lambda: self.now)

    def read(self) -> tuple[PipelineSpec, Services]:
        self.reads += 1
        return SPEC, resolve_services(SPEC.target, {"MACD_LOCAL_MONGODB_PORT": self.port})


def test_it_is_the_same_one_until_a_connection_changes() -> None:
    world = World()
    first = world.boards.get()
    for _ in range(5):
        world.now += LOOK_EVERY_S
        assert world.boards.get() is first
    world.port = "27018"
    world.now += LOOK_EVERY_S
    second = world.boards.get()
    assert second is not first
    assert ":27018" in second._services.mongodb.uri.get_secret_value()


def test_connections_are_not_read_for_every_question() -> None:
    world = World()
    for _ in range(50):
        world.boards.get()
    assert world.reads == 1


def test_a_connection_that_is_missing_is_an_expected_failure(
    connections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read()[1].mongodb.database == "macd"
    monkeypatch.delenv("AIRFLOW_CONN_MACD_KSQLDB")
    with pytest.raises(SpecError, match="macd_ksqldb"):
        read()
