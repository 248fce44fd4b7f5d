"""What OpenLineage's own extractor gets to know of a task."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.openlineage.extractors.base import DefaultExtractor

from macd.settings import REPOSITORY
from tests.dags.test_integrity import load

TOPICS = {("kafka://127.0.0.1:1", "macd_orders"), ("kafka://127.0.0.1:1", "macd_payments")}
COLLECTION = {("mongodb://127.0.0.1:1", "macd.orders_payments_joined")}
DERIVED = {("mongodb://127.0.0.1:1", f"macd.{name}") for name in ("payment_mismatches", "hourly_revenue")}


@pytest.mark.usefixtures("connections")
@pytest.mark.parametrize(
    ("dag_id", "task_id", "inputs", "outputs"),
    [
        ("macd_pipeline", "create_topics", set(), set()),
        ("macd_pipeline", "launch_producer", set(), TOPICS),
        ("macd_pipeline", "data_quality_checks", TOPICS, COLLECTION | DERIVED),
        ("macd_repair", "resink_orders", set(), COLLECTION),
        ("macd_dlq_replay", "replay_dead_letters", set(), COLLECTION),
    ],
)
def test_topics_and_collection_are_named_by_host(
    dag_id: str, task_id: str, inputs: set[Any], outputs: set[Any]
) -> None:
    task: Any = load(REPOSITORY / "dags" / f"{dag_id}.py").get_task(task_id)
    found = DefaultExtractor(task).extract_on_complete(None)
    assert {(each.namespace, each.name) for each in (found.inputs if found else [])} == inputs
    assert {(each.namespace, each.name) for each in (found.outputs if found else [])} == outputs
