"""
### Brings back what a run lost between the join and the collection

Reconciles one run and writes the joined records of those orders again that are not in MongoDB, for example
because somebody deleted them. Writing one again replaces its document, so nothing can become double.

| task | does | a second run |
| --- | --- | --- |
| `survey_run` | reconciles the run, lists what can be brought back and what cannot | the same |
| `resink_orders` | writes those records to the joined topic again; skipped in a dry run | finds none left |
| `reconcile` | verifies the run again | the same |

**A dry run by default: it writes nothing.** Orders lost before the join are listed with what to do about
them; dead letters are the business of `macd_dlq_replay`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, chain

from macd_airflow.assets import JOINED_ORDERS
from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.check_data_quality import CheckDataQualityOperator
from macd_airflow.operators.resink_orders import ResinkOrdersOperator
from macd_airflow.operators.survey_run import SurveyRunOperator
from macd_airflow.params import RUN_ID_PATTERN

RUN_ID = Param(
    type="string",
    pattern=RUN_ID_PATTERN,
    title="Run id",
    description="The seeding run to repair, as the list of runs or the report names it.",
)
DRY_RUN = Param(
    True,
    type="boolean",
    enum=[True, False],
    title="Dry run",
    description="Only list what would be written again. Switch it off to repair.",
)
ALTERED = Param(
    False,
    type="boolean",
    enum=[True, False],
    title="Altered too",
    description="Also write orders again whose document is not as it was produced.",
)
SHARED = {
    "run_id": "{{ params.run_id }}",
    "dry": "{{ params.dry_run }}",
    "altered": "{{ params.altered }}",
}

with DAG(
    dag_id="macd_repair",
    description="Write the orders of a run again that are not in the collection",
    doc_md=__doc__,
    schedule=None,
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    tags=["macd", "kafka", "mongodb", "repair"],
    params={"run_id": RUN_ID, "dry_run": DRY_RUN, "altered": ALTERED},
    default_args=task_defaults(),
    **run_alerts(),
):
    chain(
        SurveyRunOperator(
            task_id="survey_run",
            doc_md="Says what the run lost at which hop. Its log holds the report and the orders.",
            **SHARED,
        ),
        ResinkOrdersOperator(
            task_id="resink_orders",
            outlets=[JOINED_ORDERS],
            execution_timeout=timedelta(minutes=30),
            doc_md="Writes the lost orders' joined records again and waits until they are stored.",
            **SHARED,
        ),
        CheckDataQualityOperator(
            task_id="reconcile",
            run_id="{{ params.run_id }}",
            deadline=timedelta(minutes=5),
            execution_timeout=timedelta(minutes=45),
            doc_md="Verifies the run again; fails when something is still wrong with it.",
        ),
    )
