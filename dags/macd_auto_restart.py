"""### Sinks that have failed are started again

Runs every minute, and is switched on from the start: Kafka Connect leaves a failed task as it is, for example
after MongoDB was away for longer than the sink waits.

| task | does |
| --- | --- |
| `restart_sinks` | restarts what failed: at once, then after 30 s, 1, 2, 4, 8 and 16 min, then alerts |

A sink goes on where it had stopped, so nothing is lost or written twice. The task is skipped while Kafka
Connect does not answer. A run that is waited for (`data_quality_checks`) restarts sinks by itself, sooner.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.restart_sinks import RestartSinksOperator

with DAG(
    dag_id="macd_auto_restart",
    description="Restarts failed sinks with back-off, and alerts when that does not help",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    tags=["macd", "repair", "schedule"],
    default_args=task_defaults(retries=1, execution_timeout=timedelta(minutes=4)),
    **run_alerts(),
):
    RestartSinksOperator(
        task_id="restart_sinks",
        doc_md="Restarts sinks that have failed; fails, and alerts, once one has failed again seven times.",
    )
