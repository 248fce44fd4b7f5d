"""Waiting for a target to become as it should be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from macd.acceptance import waiting
from macd.acceptance.waiting import wait_until_deployed, wait_until_none
from macd.acceptance.world import World
from macd.clients.connect import ConnectorStatus, TaskStatus
from macd.errors import AcceptanceFailed, RequestRejected
from macd.plan import NoOp, Plan, Update

BUSY = RequestRejected("Kafka Connect", "rebalancing.", remedy="Wait.", code=409)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_S", 0)


def looks(*answers: Any) -> Any:
    left = list(answers)

    def look() -> list[str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look


def test_it_asks_until_nothing_is_found_and_bears_with_a_service_that_is_busy():
    assert wait_until_none(looks(["a", "b"], BUSY, ["b"], []), 10) == []


def test_at_the_deadline_it_hands_back_what_is_still_found():
    assert wait_until_none(looks(["a", "b"], ["b"]), 0.05) == ["b"]


def test_at_the_deadline_the_last_error_is_the_answer():
    with pytest.raises(RequestRejected, match="rebalancing"):
        wait_until_none(looks(["a"], BUSY), 0.05)


def deployed(task: str, *plans: Plan) -> Any:
    """One connector whose task is in this state, and plans one after the other."""
    status = ConnectorStatus("sink", "RUNNING", (TaskStatus(0, task, "no such host"),))
    left = list(plans)
    return SimpleNamespace(
        spec=SimpleNamespace(
            target=SimpleNamespace(connectors_run_within=SimpleNamespace(total_seconds=lambda: 0.05)),
            connectors=(SimpleNamespace(name="sink"),),
        ),
        plan=lambda: left.pop(0) if len(left) > 1 else left[0],
        connect=SimpleNamespace(status=lambda _: status),
    )


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(waiting, "marks_of", lambda _: {"CSAS_X_1"})
    rules: Any = None
    pipeline: Any = SimpleNamespace(spec=None)
    return World(pipeline, rules, deadline_s=0.05)


PENDING, DONE = Plan.of([Update("topic t")]), Plan.of([NoOp("topic t")])


def test_a_deployment_is_done_when_nothing_is_pending_and_every_task_runs(world):
    wait_until_deployed(deployed("RUNNING", PENDING, DONE), world)
    assert world.marks == {"CSAS_X_1"}


def test_a_task_that_failed_is_named_at_the_deadline_and_its_parts_are_remembered(world):
    with pytest.raises(AcceptanceFailed) as raised:
        wait_until_deployed(deployed("FAILED", PENDING), world)
    assert raised.value.message == (
        "Not everything runs after 0 s: ~ update  topic t; "
        "connector sink RUNNING; task 0 FAILED no such host."
    )
    assert world.marks == {"CSAS_X_1"}
