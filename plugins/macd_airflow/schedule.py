"""When the scheduled DAGs run, from the settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from airflow.timetables.trigger import CronTriggerTimetable

from macd.errors import SpecError
from macd.settings import Settings


def reseed_timetable() -> CronTriggerTimetable:
    """MACD_RESEED_CRON in MACD_RESEED_TIMEZONE; a SpecError when Airflow could not follow it."""
    settings = Settings()
    return timetable("MACD_RESEED", settings.reseed_cron, settings.reseed_timezone)


def data_quality_timetable() -> CronTriggerTimetable:
    """MACD_DATA_QUALITY_CRON in MACD_DATA_QUALITY_TIMEZONE; a SpecError likewise."""
    settings = Settings()
    return timetable("MACD_DATA_QUALITY", settings.data_quality_cron, settings.data_quality_timezone)


def timetable(prefix: str, cron: str, timezone: str) -> CronTriggerTimetable:
    """`prefix` begins the names of the two variables, for the error that names the wrong one."""
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, LookupError) as error:
        raise SpecError(
            f"{prefix}_TIMEZONE is {timezone!r}, which is no time zone.",
            remedy=f"Set {prefix}_TIMEZONE to an IANA name such as Asia/Kolkata, or unset it for UTC.",
        ) from error
    made = CronTriggerTimetable(cron, timezone=timezone)
    try:
        made.validate()
    except Exception as error:
        raise SpecError(
            f"{prefix}_CRON is {cron!r}, which is no cron expression ({error}).",
            remedy=f"Set {prefix}_CRON to five fields such as '0 3 * * *', or unset it for the default.",
        ) from error
    return made
