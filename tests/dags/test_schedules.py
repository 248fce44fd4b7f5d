"""When the scheduled DAGs run: over daylight-saving changes, and after the scheduler was away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest
import time_machine
from airflow.timetables.base import TimeRestriction

from macd.errors import SpecError
from macd.settings import Settings
from macd_airflow.schedule import data_quality_timetable, reseed_timetable, timetable

BERLIN = ZoneInfo("Europe/Berlin")


def runs_between(table, since: datetime, until: datetime) -> list[datetime]:
    """The moments at which a scheduler that is always there starts a run."""
    found, last = [], None
    restriction = TimeRestriction(earliest=pendulum.instance(since), latest=None, catchup=True)
    while True:
        info = table.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None or info.run_after >= until:
            return found
        found.append(info.run_after)
        last = info.data_interval


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACD_RESEED_TIMEZONE", "Europe/Berlin")


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)])
def test_three_in_the_morning_stays_three_in_the_morning(day: datetime) -> None:
    found = runs_between(reseed_timetable(), day - timedelta(days=1), day + timedelta(days=2))
    local = [at.astimezone(BERLIN) for at in found]
    assert [(at.day, at.hour, at.minute) for at in local] == [
        (day.day - 1, 3, 0),
        (day.day, 3, 0),
        (day.day + 1, 3, 0),
    ]
    # Once the clocks have been changed the same time of day is another hour of the world.
    assert local[0].utcoffset() != local[2].utcoffset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)])
def test_an_hour_that_is_missing_or_comes_twice_gives_one_run(
    day: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACD_RESEED_CRON", "30 2 * * *")
    found = runs_between(reseed_timetable(), day, day + timedelta(days=1))
    assert len({at.astimezone(BERLIN).date() for at in found}) == len(found) == 1


@pytest.mark.parametrize(
    ("table", "every"), [(reseed_timetable, timedelta(days=1)), (data_quality_timetable, timedelta(hours=1))]
)
def test_after_three_days_away_only_the_latest_slot_is_made_up_for(table, every: timedelta) -> None:
    before = datetime(2026, 6, 1, 12, 20, tzinfo=UTC)
    restriction = TimeRestriction(earliest=pendulum.instance(before), latest=None, catchup=False)
    with time_machine.travel(before, tick=False):
        first = table().next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert first is not None
    back = before + timedelta(days=3)
    with time_machine.travel(back, tick=False):
        made_up = table().next_dagrun_info(
            last_automated_data_interval=first.data_interval, restriction=restriction
        )
        then = table().next_dagrun_info(
            last_automated_data_interval=made_up.data_interval, restriction=restriction
        )
    assert back - every < made_up.run_after <= back
    assert back < then.run_after <= back + every


def test_the_defaults_are_daily_and_hourly() -> None:
    settings = Settings()
    assert (settings.reseed_cron, settings.data_quality_cron) == ("0 3 * * *", "15 * * * *")


@pytest.mark.parametrize(
    ("cron", "zone", "named"),
    [("every day", "UTC", "MACD_RESEED_CRON"), ("0 3 * * *", "Mars/Olympus", "MACD_RESEED_TIMEZONE")],
)
def test_a_schedule_that_makes_no_sense_names_its_variable(cron: str, zone: str, named: str) -> None:
    with pytest.raises(SpecError, match=named):
        timetable("MACD_RESEED", cron, zone)
