"""
### Removes what the package has made, after showing it

Without a confirmation nothing happens but that the plan is shown. To remove it, enter the target's name
(`local`, unless `MACD_TARGET` says otherwise) as `confirm`. `macd_pipeline` makes everything again.

| task | removes | a second run |
| --- | --- | --- |
| `show_plan` | nothing; its log lists what would go | lists what is left |
| `confirm` | nothing; skips the rest without `confirm`, fails on a wrong word | the same |
| `remove_connectors` | `include/connectors` | nothing left to do |
| `remove_streams` | `include/ksql`, with their queries | nothing left to do |
| `remove_schemas` | the subjects of the topics, every version | nothing left to do |
| `remove_topics` | `include/topics`, **with all their records** | nothing left to do |
| `remove_documents` | MongoDB's collections, only with `delete_documents` | nothing left to do |

What is half built is removed as far as it is there. What was made once and has left `include/` goes too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, chain

from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.confirm_removal import ConfirmRemovalOperator
from macd_airflow.operators.remove_parts import (
    RemoveConnectorsOperator,
    RemoveDocumentsOperator,
    RemoveSchemasOperator,
    RemoveStreamsOperator,
    RemoveTopicsOperator,
)
from macd_airflow.operators.show_removal import ShowRemovalOperator

CONFIRM = Param(
    None,
    type=["null", "string"],
    pattern=r"^[a-z][a-z0-9_-]*$",
    title="Confirm",
    description="The name of the target, for example local. Leave empty to be shown the plan only.",
)
DELETE_DOCUMENTS = Param(
    False,
    type="boolean",
    enum=[True, False],
    title="Delete documents",
    description="Drop the pipeline's collections in MongoDB too: orders, runs, reports, incidents.",
)

with DAG(
    dag_id="macd_teardown",
    description="Show what the package has made, and remove it once the target is confirmed",
    doc_md=__doc__,
    schedule=None,
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    tags=["macd", "kafka", "ksqldb", "mongodb", "destructive"],
    params={"confirm": CONFIRM, "delete_documents": DELETE_DOCUMENTS},
    default_args=task_defaults(),
    **run_alerts(),
):
    chain(
        ShowRemovalOperator(
            task_id="show_plan",
            delete_documents="{{ params.delete_documents }}",
            doc_md="Prints everything that would be removed, in order.",
        ),
        ConfirmRemovalOperator(
            task_id="confirm",
            confirm="{{ params.confirm or '' }}",
            doc_md="Lets the run pass only when `confirm` is the name of the target.",
        ),
        RemoveConnectorsOperator(
            task_id="remove_connectors", doc_md="Deletes the sink; what it wrote stays in MongoDB."
        ),
        RemoveStreamsOperator(
            task_id="remove_streams", doc_md="Ends the queries and drops the streams, readers first."
        ),
        RemoveSchemasOperator(
            task_id="remove_schemas", doc_md="Deletes the topics' subjects, every version of them."
        ),
        RemoveTopicsOperator(task_id="remove_topics", doc_md="Deletes the topics with all their records."),
        RemoveDocumentsOperator(
            task_id="remove_documents",
            delete_documents="{{ params.delete_documents }}",
            doc_md="Drops the pipeline's collections. Skipped unless `delete_documents` is on.",
        ),
    )
