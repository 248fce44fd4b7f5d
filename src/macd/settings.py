"""Settings of this process, from the environment (prefix MACD_)."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """MACD_TARGET chooses include/targets/<target>.yaml; MACD_INCLUDE_DIR another include folder.

    MACD_RESEED_CRON (five fields) and MACD_RESEED_TIMEZONE (an IANA name) say when `macd_reseed` runs,
    MACD_DATA_QUALITY_CRON and MACD_DATA_QUALITY_TIMEZONE when `macd_data_quality` does. What a scheduled run
    of the former asks for is in `macd.producer.reseed`.

    MACD_AIRFLOW_URL, MACD_AIRFLOW_USERNAME and MACD_AIRFLOW_PASSWORD name another Airflow than the local
    stack's to the commands that ask one (`macd run`, `macd alerts test`).
    """

    model_config = SettingsConfigDict(env_prefix="MACD_", env_ignore_empty=True, extra="ignore")

    target: str = "local"
    include_dir: Path = REPOSITORY / "include"
    reseed_cron: str = "0 3 * * *"
    reseed_timezone: str = "UTC"
    data_quality_cron: str = "15 * * * *"
    data_quality_timezone: str = "UTC"
    airflow_url: str | None = None
    airflow_username: str = "admin"
    airflow_password: SecretStr | None = None
