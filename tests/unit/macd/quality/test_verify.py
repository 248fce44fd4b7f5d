"""Whole verifications, on a broker and in a database in memory."""

from __future__ import annotations

from typing import Any

import pytest

from macd.errors import (
    AuthenticationFailed,
    DeadlineExceeded,
    DocumentUnreadable,
    MacdError,
    QualityCheckFailed,
    RequestRejected,
    RunBeingDeleted,
    RunNotReproducible,
    ServiceUnreachable,
    SpecError,
)
from macd.quality import verify
from macd.quality.report import ReportStore
from macd.quality.tries import Tries
from macd.quality.waiting import Waited
from macd.repair.resink import survey_run
from tests.unit.macd.quality.test_reconcile import PIPELINE
from tests.unit.macd.quality.verified import SERVICES, Verified


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Verified:
    return Verified(monkeypatch)


def test_a_run_that_is_all_there_passes_at_the_first_look(world: Verified) -> None:
    report = world.verify()
    assert (report.passed, report.settled) == (True, True)


def test_what_is_derived_may_follow_a_run_that_arrives_at_the_deadline(
    world: Verified, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.revenue_follows(monkeypatch, looks=5)
    assert world.verify(deadline_s=0, stall_limit_s=30).passed


def test_a_run_that_has_not_arrived_is_not_waited_for_beyond_the_deadline(
    world: Verified,
) -> None:
    world.stored.delete_one({})
    world.revenue.delete_many({})
    report = world.verify(deadline_s=0, stall_limit_s=30)
    assert (report.passed, report.settled, report.waited_s < 5) == (False, False, True)


@pytest.mark.parametrize(("deadline_s", "between"), [(1_000.0, (800.0, 900.0)), (100.0, (30.0, 30.0))])
def test_an_interruption_leaves_the_rest_of_the_deadline_and_never_less_than_what_ends_a_standstill(
    world: Verified, monkeypatch: pytest.MonkeyPatch, deadline_s: float, between: tuple[float, float]
) -> None:
    limits: list[float] = []
    now = [0.0]

    def wait(look: Any, deadline_s: float, *_: Any, **__: Any) -> Waited:
        limits.append(deadline_s)
        if len(limits) == 1:
            now[0] += 150
            raise ServiceUnreachable("Kafka", "no answer.", remedy="Start it.")
        look()
        return Waited(True, 0.0)

    monkeypatch.setattr(verify, "wait_until_settled", wait)
    monkeypatch.setattr("macd.quality.verify.time.monotonic", lambda: now[0])
    assert world.verify(deadline_s, stall_limit_s=30).passed
    assert limits[0] == deadline_s
    assert between[0] <= limits[1] <= between[1]


def breaks(world: Verified, error: BaseException) -> None:
    """Reading the joined topic raises this."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    world.open_reader = fail


@pytest.mark.parametrize(
    "error",
    [
        RequestRejected("Kafka", "topic t does not exist.", remedy="Seed a new run.", code=3),
        RequestRejected("Kafka", "topic t holds it no longer.", remedy="Seed a new run.", code=1),
        RunNotReproducible("It is of another recipe.", remedy="Seed a new run."),
        DocumentUnreadable("Its manifest is damaged.", remedy="Seed a new run."),
    ],
)
def test_what_is_the_matter_with_the_run_itself_is_reported_and_stored(
    world: Verified, error: MacdError
) -> None:
    breaks(world, error)
    report = world.verify()
    assert ReportStore(world.database).get("r") == report
    assert (report.passed, report.checks) == (False, ())
    assert report.obstacle is not None
    assert (report.obstacle.reason, report.obstacle.remedy) == (error.message, "Seed a new run.")
    with pytest.raises(QualityCheckFailed, match="could not be verified"):
        survey_run("r", PIPELINE, SERVICES)


@pytest.mark.parametrize(
    "error",
    [
        RequestRejected("Kafka", "it said no.", remedy="Look.", code=29),
        # The number of another service means something else.
        RequestRejected("MongoDB", "it said no.", remedy="Look.", code=1),
        AuthenticationFailed("Kafka", "it refused.", remedy="Correct it."),
        DeadlineExceeded("It took too long.", remedy="Wait."),
        SpecError("Kafka's client cannot be configured.", remedy="Correct that setting."),
    ],
)
def test_what_says_nothing_about_the_run_leaves_its_last_report(world: Verified, error: MacdError) -> None:
    before = world.verify()
    breaks(world, error)
    with pytest.raises(type(error), match=error.message):
        world.verify()
    assert ReportStore(world.database).get("r") == before


def test_only_a_result_ends_the_tries_of_a_run(world: Verified) -> None:
    for _ in range(6):
        Tries(world.database).begin("r")
    read = world.open_reader
    breaks(world, RunNotReproducible("It is of another recipe.", remedy="Seed a new run."))
    world.verify()
    assert Tries(world.database).spent() == ["r"]
    world.open_reader = read
    world.verify()
    assert Tries(world.database).spent() == []


def test_a_run_whose_deletion_begins_while_it_is_verified_keeps_its_last_report(world: Verified) -> None:
    before, read = world.verify(), world.open_reader

    def delete_and_read(*given: Any, **more: Any) -> Any:
        world.open_reader = read
        world.database["runs_being_deleted"].insert_one({"_id": "r"})
        world.stored.delete_one({})
        return read(*given, **more)

    world.open_reader = delete_and_read
    with pytest.raises(RunBeingDeleted, match="Run 'r' is being deleted"):
        world.verify()
    assert ReportStore(world.database).get("r") == before


def test_a_run_whose_deletion_has_begun_is_not_even_looked_at(world: Verified) -> None:
    world.database["runs_being_deleted"].insert_one({"_id": "r"})
    breaks(world, AssertionError("it was read"))
    with pytest.raises(RunBeingDeleted, match="Run 'r' is being deleted"):
        world.verify()
