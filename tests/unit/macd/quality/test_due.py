"""Which runs a round checks, on an in-memory MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import mongomock
import pytest
from hypothesis import given, settings, strategies

from macd.errors import SpecError
from macd.quality import due
from macd.quality.due import FIRST_LOOK_BACK, OPEN_FOR, SEEDING_LIMIT, DueRuns, runs_between
from macd.quality.keeping import keep
from macd.quality.report import Obstacle, Report, ReportStore
from macd.quality.tries import Tries
from tests.unit.reports import report_of

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

    def check(self, run_id: str, at: datetime, outcome: str) -> None:
        """As macd_data_quality does it: a check that ends without a result has begun all the same."""
        Tries(self.database).begin(run_id)
        if outcome == "killed":
            return
        obstacle = Obstacle(reason="Topic t does not exist.", remedy="Seed a new run.")
        report = Report.without_figures(run_id, obstacle).model_copy(update={"verified_at": at})
        if outcome != "impossible":
            report = report_of(run_id, passed=outcome == "passed", verified_at=at)
        keep(report, self.database)

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


def test_a_run_whose_checks_leave_no_report_is_left_alone_after_a_week_of_rounds(world: World) -> None:
    """Services that are away give each try back."""
    world.run("r", NOW - MINUTE)
    rounds = [world.round(NOW + each * timedelta(hours=12)) for each in range(60)]
    assert rounds == [["r"]] * 15 + [[]] * 45


def test_a_run_that_is_found_late_is_not_too_old_when_its_round_is_killed(world: World) -> None:
    """The DAG was paused for a month; the round before it was paused is of the version before."""
    assert world.round(NOW) == []
    world.database["quality_rounds"].update_one({}, {"$unset": {"first_due": 1}})
    world.run("r", NOW + timedelta(days=1))
    late = NOW + timedelta(days=30)
    assert world.round(late) == ["r"]
    assert world.round(late + MINUTE) == ["r"]
    assert world.round(late + timedelta(days=30)) == ["r"], "it was paused again"


def test_a_run_that_is_being_seeded_waits_and_one_that_was_given_up_does_not(world: World) -> None:
    world.run("seeding", completed=None, started=NOW - MINUTE)
    world.run("given up", completed=None, started=NOW - timedelta(hours=2))
    world.run("forgotten", completed=None, started=NOW - timedelta(days=30))
    assert world.round(NOW) == ["given up"]


@pytest.mark.parametrize("completed", [NOW - MINUTE, None], ids=["complete", "given up"])
@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("impossible", "Topic t does not exist."),
        ("killed", "The last 6 checks of it ended without a result; they may have been killed."),
    ],
)
def test_a_run_whose_checks_come_to_no_result_is_given_up_and_its_report_says_why(
    world: World, outcome: str, reason: str, completed: datetime | None
) -> None:
    world.run("r", completed, started=NOW - 2 * SEEDING_LIMIT)
    hours = count()
    while world.round(now := NOW + next(hours) * timedelta(hours=1)) == ["r"]:
        world.check("r", now, outcome)
        assert now < NOW + timedelta(days=2), "it is checked for ever"
    assert now == NOW + timedelta(hours=6)
    report = ReportStore(world.database).get("r")
    assert (report.passed, report.obstacle and report.obstacle.reason) == (False, reason)
    # Once that is said it is left alone.
    world.database["quality_reports"].update_one({"_id": "r"}, {"$set": {"waited_s": 7.0}})
    assert world.round(now + MINUTE) == []
    assert ReportStore(world.database).get("r").waited_s == 7


def test_a_result_gives_a_run_all_its_tries_again(world: World) -> None:
    world.run("r", NOW - MINUTE)
    outcomes = [*["killed"] * 5, "failed", *["impossible"] * 5, "failed", "impossible", "passed"]
    for hour, outcome in enumerate(outcomes):
        now = NOW + hour * timedelta(hours=1)
        assert world.round(now) == ["r"], outcome
        world.check("r", now, outcome)
    assert world.round(NOW + timedelta(days=1)) == []


def test_a_check_by_hand_brings_a_run_that_was_given_up_back(world: World) -> None:
    world.run("r", NOW - MINUTE)
    for hour in range(7):
        world.round(NOW + hour * timedelta(hours=1))
        world.check("r", NOW + hour * timedelta(hours=1), "impossible")
    assert world.round(NOW + timedelta(hours=8)) == []
    world.check("r", NOW + timedelta(hours=9), "failed")
    assert world.round(NOW + timedelta(hours=10)) == ["r"]


def test_a_report_of_a_check_that_was_killed_last_is_not_taken_for_its_own(world: World) -> None:
    """It was compared once; since then nobody knows."""
    world.run("r", NOW - MINUTE)
    world.round(NOW)
    world.check("r", NOW, "passed")
    for _ in range(6):
        world.check("r", NOW, "killed")
    world.round(NOW + MINUTE)
    assert not ReportStore(world.database).get("r").passed


def test_what_was_found_of_a_run_stays_when_its_next_checks_are_killed(world: World) -> None:
    world.run("r", NOW - MINUTE)
    world.round(NOW)
    world.check("r", NOW, "failed")
    for _ in range(6):
        world.check("r", NOW, "killed")
    assert world.round(NOW + MINUTE) == []
    assert ReportStore(world.database).get("r").obstacle is None


def test_a_run_that_is_being_deleted_is_left_out_and_nothing_is_said_about_it(world: World) -> None:
    for run_id in ("completed", "failed", "cut off", "given up"):
        world.run(run_id, None if run_id == "given up" else NOW - MINUTE, started=NOW - 2 * SEEDING_LIMIT)
        world.database["runs_being_deleted"].insert_one({"_id": run_id})
    world.report("failed", NOW - MINUTE, passed=False)
    for _ in range(6):
        Tries(world.database).begin("cut off")
    assert world.round(NOW) == []
    assert [each["_id"] for each in world.database["quality_reports"].find()] == ["failed"]


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
