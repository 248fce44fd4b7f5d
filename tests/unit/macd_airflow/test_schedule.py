from __future__ import annotations

import pytest

from macd.errors import SpecError
from macd_airflow.schedule import reseed_timetable


def test_it_is_daily_at_three_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reseed_timetable().summary == "0 3 * * *"
    monkeypatch.setenv("MACD_RESEED_CRON", "30 4 * * 1")
    monkeypatch.setenv("MACD_RESEED_TIMEZONE", "Asia/Kolkata")
    made = reseed_timetable().serialize()
    assert (made["expression"], made["timezone"]) == ("30 4 * * 1", "Asia/Kolkata")


@pytest.mark.parametrize("cron", ["nightly", "61 3 * * *", "* * *"])
def test_a_wrong_cron_expression_names_its_variable(monkeypatch: pytest.MonkeyPatch, cron: str) -> None:
    monkeypatch.setenv("MACD_RESEED_CRON", cron)
    with pytest.raises(SpecError, match=r"MACD_RESEED_CRON is .*no cron expression.*five fields"):
        reseed_timetable()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "+5"])
def test_a_wrong_time_zone_names_its_variable(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("MACD_RESEED_TIMEZONE", zone)
    with pytest.raises(SpecError, match=r"MACD_RESEED_TIMEZONE is .*IANA name"):
        reseed_timetable()
