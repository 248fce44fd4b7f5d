"""### Are all runs complete, and is the pipeline well?

Runs by the clock (`MACD_DATA_QUALITY_CRON`, by default a quarter past every hour) and whenever a run has
filled the collection, once it is switched on. By hand it checks one run, or all that were started in a range.

| task | does |
| --- | --- |
| `find_runs` | all runs since the last check, and those that failed or were left open then |
| `reconcile` | each run by identity: produced = acknowledged = joined = stored + dead-lettered |
| `check_health` | drift, dead letters, progress of connector and query, lag, freshness |

A run that is still being seeded is left for the next time; one that has not come to its end after an hour
fails. A run that cannot be verified fails with the reason, and is left alone after six checks without a
result. A run that is being deleted is skipped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule

from macd_airflow.assets import JOINED_ORDERS
from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.check_data_quality import CheckDataQualityOperator
from macd_airflow.operators.check_pipeline_health import CheckPipelineHealthOperator
from macd_airflow.operators.find_runs import FindRunsOperator
from macd_airflow.params import range_params
from macd_airflow.schedule import data_quality_timetable

with DAG(
    dag_id="macd_data_quality",
    description="Checks every run since the last time, and the health of the whole pipeline",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=data_quality_timetable(), assets=[JOINED_ORDERS]),
    is_paused_upon_creation=True,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    tags=["macd", "data quality"],
    params=range_params(),
    default_args=task_defaults(),
    **run_alerts(),
):
    runs = FindRunsOperator(
        task_id="find_runs",
        run_id="{{ params.run_id or '' }}",
        since="{{ params.since or '' }}",
        until="{{ params.until or '' }}",
        doc_md="Lists the runs to check: the one or the range asked for, else all since the last time.",
    )
    CheckDataQualityOperator.partial(
        task_id="reconcile",
        deadline=timedelta(minutes=5),
        patient=False,
        may_be_gone=True,
        execution_timeout=timedelta(minutes=30),
        map_index_template="{{ task.run_id }}",
        inlets=[JOINED_ORDERS],
        doc_md="Compares what one run produced and what is stored, order by order. Its log holds the report.",
    ).expand(run_id=runs.output)
    CheckPipelineHealthOperator(
        task_id="check_health",
        doc_md="Looks at every part of the pipeline and at its progress. Its log holds the report.",
    )
