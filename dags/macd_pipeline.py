"""
### From an empty cluster to a proven MongoDB collection

Checks that the services are ready, creates the topics, registers the Avro schemas, deploys the ksqlDB join,
seeds orders and payments, configures the MongoDB sink, and then proves by identity
that every order arrived exactly as produced.

| task | does | a second run |
| --- | --- | --- |
| `preflight` | asks each service whether it can be used as the pipeline will | changes nothing |
| `create_topics` | `include/topics` on Kafka | changes nothing |
| `register_schemas` | `include/schemas` in the Schema Registry | changes nothing |
| `deploy_streams` | `include/ksql` on ksqlDB | changes nothing |
| `launch_producer` | the run's orders and payments | adds only its own run |
| `configure_sink` | `include/connectors` on Kafka Connect | changes nothing |
| `data_quality_checks` | reconciles the run, evaluates `include/checks` | verifies only its own run |

Every run seeds records of its own, so runs may follow each other or overlap. The verdict is printed in the
log of `data_quality_checks` and kept in MongoDB, collection `quality_reports`, under the run's id.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, chain

from macd_airflow.assets import COLLECTIONS, ORDERS, PAYMENTS
from macd_airflow.defaults import run_alerts, task_defaults
from macd_airflow.operators.check_data_quality import CheckDataQualityOperator
from macd_airflow.operators.check_services import CheckServicesOperator
from macd_airflow.operators.configure_connectors import ConfigureConnectorsOperator
from macd_airflow.operators.create_topics import CreateTopicsOperator
from macd_airflow.operators.deploy_streams import DeployStreamsOperator
from macd_airflow.operators.register_schemas import RegisterSchemasOperator
from macd_airflow.operators.seed_run import SeedRunOperator
from macd_airflow.params import region_param, run_id_param, seed_params, templates

RUN_ID = "{{ params.run_id or run_id }}"

with DAG(
    dag_id="macd_pipeline",
    description="Kafka -> ksqlDB -> MongoDB: set up, seed a run, prove that nothing was lost",
    doc_md=__doc__,
    schedule=None,
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=3,
    dagrun_timeout=timedelta(hours=2),
    tags=["macd", "kafka", "ksqldb", "mongodb"],
    params={**seed_params(), "run_id": run_id_param(), "allow_region_mismatch": region_param()},
    default_args=task_defaults(),
    **run_alerts(),
):
    chain(
        CheckServicesOperator(
            task_id="preflight",
            allow_region_mismatch="{{ params.allow_region_mismatch }}",
            doc_md="Asks each service whether it can be reached and used, and says what the cloud costs. "
            "Changes nothing; its log holds a line for each check and what to do about it.",
        ),
        CreateTopicsOperator(
            task_id="create_topics",
            doc_md="Creates the topics of `include/topics` and sets their retention; never repartitions.",
        ),
        RegisterSchemasOperator(
            task_id="register_schemas",
            doc_md="Registers the Avro schemas of `include/schemas`, if the registry finds them compatible.",
        ),
        DeployStreamsOperator(
            task_id="deploy_streams",
            doc_md="Runs the statements of `include/ksql`: two streams and their 24-hour inner join.",
        ),
        SeedRunOperator(
            task_id="launch_producer",
            run_id=RUN_ID,
            parameters=templates(),
            outlets=[ORDERS, PAYMENTS],
            execution_timeout=timedelta(minutes=30),
            doc_md="Produces this run's orders and payments. Fails unless Kafka acknowledged each of them; "
            "a retry continues the same run and leaves no duplicate.",
        ),
        ConfigureConnectorsOperator(
            task_id="configure_sink",
            doc_md="Configures the MongoDB sink of `include/connectors` and waits until all its tasks run.",
        ),
        CheckDataQualityOperator(
            task_id="data_quality_checks",
            run_id=RUN_ID,
            deadline=timedelta(minutes=20),
            inlets=[ORDERS, PAYMENTS],
            outlets=[*COLLECTIONS],
            execution_timeout=timedelta(minutes=45),
            doc_md="Waits until this run has arrived, compares what was produced and stored one by one, "
            "and evaluates `include/checks`. Its log holds the report.",
        ),
    )
