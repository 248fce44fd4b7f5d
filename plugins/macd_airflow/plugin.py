"""The package as an Airflow plugin; Airflow finds it by its entry point, wherever it is installed."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from macd_airflow.listeners import run_notes


class MacdPlugin(AirflowPlugin):
    """Notes on the runs of the package's DAGs."""

    name = "macd"
    listeners = [run_notes]
