"""
### Brings back the dead letters that were only skipped

When MongoDB refuses one document, the sink skips the rest of that batch as well; when MongoDB is away, it
skips whole batches. All of that lies in the dead-letter topic, good orders among bad ones.

| task | does | a second run |
| --- | --- | --- |
| `classify_dead_letters` | lists those to replay, and bad ones with the reason | lists what is new |
| `replay_dead_letters` | writes the former to the joined topic again; not in a dry run | replays none twice |
| `reconcile` | verifies each run again that had orders among them | the same |

**A dry run by default: it writes nothing.** Switch `dry_run` off to replay. A replay that is killed goes on
where it was. An order that was replayed `most_attempts` times and came back is exhausted: remove the cause,
then raise the number.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, XComArg, chain

from macd_airflow.assets import JOINED_ORDERS
from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.check_data_quality import CheckDataQualityOperator
from macd_airflow.operators.classify_dead_letters import AFFECTED_RUNS, ClassifyDeadLettersOperator
from macd_airflow.operators.replay_dead_letters import ReplayDeadLettersOperator

DRY_RUN = Param(
    True,
    type="boolean",
    enum=[True, False],
    title="Dry run",
    description="Only list what would be replayed. Switch it off to replay.",
)
FROM_BEGINNING = Param(
    False,
    type="boolean",
    enum=[True, False],
    title="From the beginning",
    description="Look at the whole dead-letter topic again, also at what an earlier replay has passed over. "
    "Orders that are stored are left out.",
)
MOST_ATTEMPTS = Param(
    3,
    type="integer",
    minimum=1,
    maximum=100,
    title="Most attempts",
    description="How often an order is replayed before it counts as exhausted.",
)
SHARED = {
    "dry": "{{ params.dry_run }}",
    "from_beginning": "{{ params.from_beginning }}",
    "most_attempts": "{{ params.most_attempts }}",
}

with DAG(
    dag_id="macd_dlq_replay",
    description="Sort the dead letters, replay those that were only skipped, reconcile their runs",
    doc_md=__doc__,
    schedule=None,
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    tags=["macd", "kafka", "mongodb", "repair"],
    params={"dry_run": DRY_RUN, "from_beginning": FROM_BEGINNING, "most_attempts": MOST_ATTEMPTS},
    default_args=task_defaults(),
    **run_alerts(),
):
    classify = ClassifyDeadLettersOperator(
        task_id="classify_dead_letters",
        doc_md="Prints each dead letter with its place, order, class and reason; changes nothing.",
        **SHARED,
    )
    replay = ReplayDeadLettersOperator(
        task_id="replay_dead_letters",
        outlets=[JOINED_ORDERS],
        execution_timeout=timedelta(minutes=30),
        doc_md="Writes the skipped ones to the joined topic again, each once; waits until they are stored.",
        runs=XComArg(classify, key=AFFECTED_RUNS),
        **SHARED,
    )
    reconcile = CheckDataQualityOperator.partial(
        task_id="reconcile",
        map_index_template="{{ task.run_id }}",
        deadline=timedelta(minutes=5),
        execution_timeout=timedelta(minutes=45),
        doc_md="Verifies each affected run again; fails where orders are still not in MongoDB.",
    ).expand(run_id=replay.output)
    chain(classify, replay, reconcile)
