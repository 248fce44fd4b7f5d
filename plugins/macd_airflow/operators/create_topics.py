"""Creates the pipeline's topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from macd.plan import Plan, plan_topics
from macd.specs import PipelineSpec
from macd_airflow.hooks.kafka import KafkaHook
from macd_airflow.operators.base import PlanOperator


class CreateTopicsOperator(PlanOperator):
    """Creates what is missing of include/topics and sets what differs; never repartitions.

    :param kafka_conn_id: Airflow connection whose extra is librdkafka's configuration.
    """

    template_fields: Sequence[str] = (*PlanOperator.template_fields, "kafka_conn_id")
    ui_color = "#f4e3c1"

    def __init__(self, *, kafka_conn_id: str = KafkaHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kafka_conn_id = kafka_conn_id

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The topics' changes."""
        return plan_topics(pipeline, KafkaHook(self.kafka_conn_id).get_conn())
