"""A query that is being restarted is given time before anything is said about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from macd.clients.ksqldb import KsqlDb, Query
from macd.plan import running
from macd.settings import REPOSITORY
from macd.specs import load_pipeline

JOINED = ("macd_orders_payments_joined",)
THEIRS = Query("CSAS_THEIRS_9", "ERROR", ("theirs",))


class Server:
    """Answers LIST QUERIES with one state after the other, the last one for ever."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def queries(self) -> list[Query]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return [Query("CSAS_1", state, JOINED), THEIRS]


@pytest.mark.parametrize(
    ("states", "left", "asked"),
    [
        (["RUNNING"], [], 0),
        (["UNRESPONSIVE", "ERROR", "RUNNING"], [], 2),
        (["ERROR"], ["CSAS_1"], 0),
    ],
)
def test_only_the_pipelines_own_queries_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, states: list[str], left: list[str], asked: int
) -> None:
    monkeypatch.setattr(running, "POLL_SECONDS", 0.001)
    server: Any = Server(*states)
    pipeline = load_pipeline(REPOSITORY / "include", "local")
    deadline = timedelta(milliseconds=50 if left else 10_000)
    found = running.wait_until_running(pipeline, cast(KsqlDb, server), deadline)
    assert [query.query_id for query in found] == left
    assert len(states) - len(server.states) == asked
