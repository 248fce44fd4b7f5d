"""Which runs a round checks, on an in-memory MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest
from hypothesis import given, settings, strategies

from macd.errors import SpecError
from macd.quality import due
from macd.quality.due import FIRST_LOOK_BACK, OPEN_FOR, DueRuns, runs_between

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVENTS = ("run", "round", "killed round", "failing round")


class World:
    """Runs, their reports, and rounds of checks."""

    def __init__(self) -> None:
        self.database: Any = mongomock.MongoClient(tz_aware=True)["macd"]

    def run(self, run_id: str, completed: datetime | None, started: datetime | None = None) -> None:
        self.database["seeding_runs"].insert_one(
            {
                "_id": run_id,
                "status": "complete" if completed else "started",
                "started_at": started or (completed or NOW) - MINUTE,
                "completed_at": completed,
            }
        )

    def report(self, run_id: str, at: datetime, *, passed: bool = True) -> None:
        document = {"_id": run_id, "verified_at": at, "passed": passed}
        self.database["quality_reports"].replace_one({"_id": run_id}, document, upsert=True)

    def round(self, now: datetime) -> list[str]:
        return list(DueRuns(self.database, "macd_data_quality").begin(now))


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_round_takes_the_runs_of_the_last_day(world: World) -> None:
    world.run("old", NOW - FIRST_LOOK_BACK - MINUTE)
    world.run("recent", NOW - MINUTE)
    assert world.round(NOW) == ["recent"]


def test_a_round_takes_what_was_completed_since_the_one_before(world: World) -> None:
    world.run("before", NOW - MINUTE)
    assert world.round(NOW) == ["before"]
    world.report("before", NOW)
    world.run("after", NOW + 31 * MINUTE)
    assert world.round(NOW + 60 * MINUTE) == ["after"]
    world.report("after", NOW + 60 * MINUTE)
    assert world.round(NOW + 120 * MINUTE) == []


def test_a_completion_that_shows_a_little_late_is_not_lost(world: World) -> None:
    assert world.round(NOW.replace(microsecond=300_000)) == []
    world.run("r", NOW)
    assert world.round(NOW + MINUTE) == ["r"]


def test_a_round_that_was_killed_is_taken_up_again(world: World) -> None:
    world.run("checked", NOW - 2 * MINUTE)
    world.run("left", NOW - MINUTE)
    assert world.round(NOW) == ["checked", "left"]
    assert world.round(NOW) == ["checked", "left"], "a retry of the same task"
    world.report("checked", NOW + MINUTE)
    assert world.round(NOW + 2 * MINUTE) == ["left"]


def test_a_report_that_somebody_else_made_before_does_not_count(world: World) -> None:
    world.run("r", NOW - 5 * MINUTE)
    world.report("r", NOW - 4 * MINUTE)
    assert world.round(NOW) == ["r"]


def test_a_run_that_failed_is_checked_until_it_passes(world: World) -> None:
    world.run("r", NOW - MINUTE)
    assert world.round(NOW) == ["r"]
    world.report("r", NOW, passed=False)
    assert world.round(NOW + 60 * MINUTE) == ["r"]
    world.report("r", NOW + 60 * MINUTE, passed=True)
    assert world.round(NOW + 120 * MINUTE) == []


def test_a_run_that_fails_is_left_alone_a_week_after_it_was_produced(world: World) -> None:
    world.run("r", NOW - MINUTE)
    now, rounds = NOW, 0
    while world.round(now) == ["r"]:
        # Each round makes the report anew.
        world.report("r", now, passed=False)
        now, rounds = now + timedelta(hours=12), rounds + 1
        assert rounds < 100, "it is checked for ever"
    assert now == NOW + OPEN_FOR


def test_a_run_that_is_being_seeded_waits_and_one_that_was_given_up_does_not(world: World) -> None:
    world.run("seeding", completed=None, started=NOW - MINUTE)
    world.run("given up", completed=None, started=NOW - timedelta(hours=2))
    world.run("forgotten", completed=None, started=NOW - timedelta(days=30))
    assert world.round(NOW) == ["given up"]


def test_a_run_that_was_cleaned_away_is_not_asked_for(world: World) -> None:
    world.report("gone", NOW - MINUTE, passed=False)
    assert world.round(NOW) == []


def test_more_runs_than_fit_are_spread_over_rounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "MOST_RUNS", 2)
    for number in range(5):
        world.run(f"r{number}", NOW - (10 - number) * MINUTE)
    seen: list[str] = []
    for number in range(1, 8):
        for run_id in world.round(NOW + number * MINUTE):
            world.report(run_id, NOW + number * MINUTE)
            seen.append(run_id)
    assert sorted(set(seen)) == ["r0", "r1", "r2", "r3", "r4"]
    assert world.round(NOW + 9 * MINUTE) == []


@settings(max_examples=40, deadline=None)
@given(
    strategies.lists(strategies.sampled_from(["run", "round", "killed round", "failing round"]), max_size=25)
)
def test_whatever_happens_every_run_gets_a_report_after_it_was_completed(events: list[str]) -> None:
    world, now, completed = World(), NOW, {}
    for number, event in enumerate([*events, "round", "round"]):
        now += MINUTE
        if event == "run":
            completed[f"r{number}"] = now
            world.run(f"r{number}", now)
            continue
        found = world.round(now)
        checked = found[: len(found) // 2] if event == "killed round" else found
        for run_id in checked:
            world.report(run_id, now, passed=event != "failing round")
    reports = {each["_id"]: each for each in world.database["quality_reports"].find()}
    for run_id, at in completed.items():
        assert reports[run_id]["verified_at"] >= at
        assert reports[run_id]["passed"]


def test_a_range_is_by_the_start_of_the_runs(world: World) -> None:
    for number in range(4):
        world.run(f"r{number}", NOW, started=NOW + number * MINUTE)
    assert runs_between(world.database, NOW + MINUTE, NOW + 3 * MINUTE) == ["r1", "r2"]
    assert runs_between(world.database, None, NOW + MINUTE) == ["r0"]
    assert runs_between(world.database, NOW + 3 * MINUTE, None) == ["r3"]


def test_a_range_without_runs_says_so(world: World) -> None:
    with pytest.raises(SpecError, match="No run was started between"):
        runs_between(world.database, NOW, NOW + MINUTE)
