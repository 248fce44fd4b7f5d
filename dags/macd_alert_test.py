"""### Do alerts arrive?

Sends one mail through the connection `macd_smtp`, as an alert would be sent, and fails with the server's name
and a remedy when that does not work.

| task | does |
| --- | --- |
| `send_test_mail` | one mail to the recipients of `macd_smtp` |
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.send_test_mail import SendTestMailOperator

with DAG(
    dag_id="macd_alert_test",
    description="Send one test mail by the way that alerts take",
    doc_md=__doc__,
    schedule=None,
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    tags=["macd", "alerts"],
    default_args=task_defaults(retries=1, execution_timeout=timedelta(minutes=2)),
    **run_alerts(),
):
    SendTestMailOperator(
        task_id="send_test_mail", doc_md="Sends a mail to the recipients of the connection `macd_smtp`."
    )
