"""The package as an Airflow plugin; Airflow finds it by its entry point, wherever it is installed."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from macd_airflow.listeners import run_notes
from macd_airflow.ui.views import APPS, VIEWS


class MacdPlugin(AirflowPlugin):
    """Notes on the runs of the package's DAGs, and the dashboard."""

    name = "macd"
    listeners = [run_notes]
    fastapi_apps = APPS
    external_views = VIEWS
