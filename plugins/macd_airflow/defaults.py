"""What every task of the package's DAGs shares."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from macd_airflow.notifications.alert import AlertNotifier, RunAlertNotifier


def task_defaults(**changes: Any) -> dict[str, Any]:
    """A new dictionary for a DAG's default_args; `changes` go over it."""
    return {
        "owner": "macd",
        "retries": 2,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=2),
        "execution_timeout": timedelta(minutes=10),
        # On tasks: what hangs on a DAG knows neither the error nor what the task found.
        "on_failure_callback": AlertNotifier(failed=True),
        "on_success_callback": AlertNotifier(failed=False),
        **changes,
    }


def run_alerts() -> dict[str, Any]:
    """A DAG's own callbacks: for a run that takes too long, which no task tells of."""
    return {
        "on_failure_callback": RunAlertNotifier(failed=True),
        "on_success_callback": RunAlertNotifier(failed=False),
    }
