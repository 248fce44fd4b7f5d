"""A query that is being restarted is given time before anything is said about it."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any, cast

import pytest

from macd.clients.ksqldb import KsqlDb, Query
from macd.plan import Blocked, Change, NoOp, Plan, running
from macd.settings import REPOSITORY
from macd.specs import load_pipeline

JOINED = ("macd_orders_payments_joined",)
THEIRS = Query("CSAS_THEIRS_9", "ERROR", ("theirs",))


STARTING = Blocked("stream JOINED", reason="its query CSAS_1 is UNRESPONSIVE", remedy="-")
CHANGED = Blocked("stream JOINED", reason="its statement differs", remedy="-")
AS_DECLARED = NoOp("stream JOINED")


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


@pytest.mark.parametrize(
    ("states", "plans", "made"),
    [
        pytest.param(["RUNNING"], [AS_DECLARED], 1, id="nothing is wrong"),
        pytest.param(["RUNNING"], [STARTING, AS_DECLARED], 2, id="somebody else deploys at this moment"),
        pytest.param(["RUNNING"], [CHANGED, CHANGED], 2, id="a change that loses something"),
        pytest.param(["RUNNING"], [STARTING, CHANGED, CHANGED], 3, id="it is the same twice in a row"),
        pytest.param(["ERROR"], [STARTING], 1, id="a query that does not come back"),
    ],
)
def test_what_blocks_is_believed_when_two_plans_say_it(
    monkeypatch: pytest.MonkeyPatch, states: list[str], plans: list[Change], made: int
) -> None:
    monkeypatch.setattr(running, "POLL_SECONDS", 0.001)
    left = [Plan.of([change]) for change in plans]
    server: Any = Server(*states)
    pipeline = load_pipeline(REPOSITORY / "include", "local")
    deadline = timedelta(milliseconds=50 if states == ["ERROR"] else 10_000)
    found = running.plan_when_running(pipeline, cast(KsqlDb, server), lambda: left.pop(0), deadline)
    assert found.changes == (plans[-1],)
    assert len(plans) - len(left) == made


def test_what_is_said_in_other_words_each_time_is_believed_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "POLL_SECONDS", 0.001)
    pipeline = load_pipeline(REPOSITORY / "include", "local")
    server: Any = Server("RUNNING")
    numbers = itertools.count()

    def plan() -> Plan:
        said = NoOp("stream OTHER", (f"{next(numbers)} records",))
        return Plan.of([said, Blocked("stream JOINED", reason=f"it is {next(numbers)}", remedy="-")])

    deadline = timedelta(milliseconds=50)
    assert running.plan_when_running(pipeline, cast(KsqlDb, server), plan, deadline).blocked


def test_what_is_not_blocked_may_look_different_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "POLL_SECONDS", 0.001)
    pipeline = load_pipeline(REPOSITORY / "include", "local")
    server: Any = Server("RUNNING")
    made: list[Plan] = []

    def plan() -> Plan:
        made.append(Plan.of([NoOp("stream OTHER", (f"{len(made)} records",)), CHANGED]))
        return made[-1]

    running.plan_when_running(pipeline, cast(KsqlDb, server), plan, timedelta(seconds=10))
    assert len(made) == 2
