"""
### A fresh run of orders and payments, again and again

Runs by itself when `MACD_RESEED_CRON` and `MACD_RESEED_TIMEZONE` say so (daily at 03:00 UTC by default), once
it is switched on. Each time it seeds a run of its own, under the DAG run's id, and proves that it arrived.

| task | does | a second run |
| --- | --- | --- |
| `check_deployed` | fails unless the whole pipeline is there; creates nothing | the same |
| `launch_producer` | the run's orders and payments | adds only its own run |
| `data_quality_checks` | reconciles the whole run, evaluates `include/checks` | verifies only its own run |
| `delete_old_runs` | deletes what runs older than `keep_days` left in MongoDB | finds none left |

`MACD_RESEED_ORDERS`, `MACD_RESEED_KEEP_DAYS` and so on, one variable a parameter, are what a scheduled run
takes and what the form begins with. Without `keep_days` every run is kept. A run that did not pass its checks
is never deleted. Kafka's topics forget by themselves (`include/topics`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, chain

from macd_airflow.assets import COLLECTIONS, ORDERS, PAYMENTS
from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.check_data_quality import CheckDataQualityOperator
from macd_airflow.operators.delete_old_runs import DeleteOldRunsOperator
from macd_airflow.operators.require_deployment import RequireDeploymentOperator
from macd_airflow.operators.seed_run import SeedRunOperator
from macd_airflow.params import reseed_params, templates
from macd_airflow.schedule import reseed_timetable

with DAG(
    dag_id="macd_reseed",
    description="Seed a fresh run on schedule, prove it, and clear old runs away",
    doc_md=__doc__,
    schedule=reseed_timetable(),
    is_paused_upon_creation=True,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    tags=["macd", "kafka", "mongodb", "schedule"],
    params=reseed_params(),
    default_args=task_defaults(),
    **run_alerts(),
):
    chain(
        RequireDeploymentOperator(
            task_id="check_deployed",
            doc_md="Fails when a topic, subject, stream or connector is missing: run `macd_pipeline` first.",
        ),
        SeedRunOperator(
            task_id="launch_producer",
            parameters=templates(),
            outlets=[ORDERS, PAYMENTS],
            execution_timeout=timedelta(minutes=30),
            doc_md="Produces this run's orders and payments. Fails unless Kafka acknowledged each of them; "
            "a retry continues the same run and leaves no duplicate.",
        ),
        CheckDataQualityOperator(
            task_id="data_quality_checks",
            deadline=timedelta(minutes=20),
            inlets=[ORDERS, PAYMENTS],
            outlets=[*COLLECTIONS],
            execution_timeout=timedelta(minutes=45),
            doc_md="Waits until this run has arrived, compares what was produced and stored one by one, "
            "and evaluates `include/checks`. Its log holds the report.",
        ),
        DeleteOldRunsOperator(
            task_id="delete_old_runs",
            keep_days="{{ params.keep_days or '' }}",
            execution_timeout=timedelta(minutes=30),
            doc_md="Deletes documents, manifest and report of runs older than `keep_days` that passed. "
            "Skipped while `keep_days` is empty; killed half-way, it goes on the next time.",
        ),
    )
