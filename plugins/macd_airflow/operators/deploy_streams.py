"""Deploys the pipeline's ksqlDB streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from macd.plan import Plan, plan_streams
from macd.specs import PipelineSpec
from macd_airflow.hooks.ksqldb import KsqlDbHook
from macd_airflow.operators.base import PlanOperator


class DeployStreamsOperator(PlanOperator):
    """Runs the statements of include/ksql that have not been run yet.

    :param ksqldb_conn_id: Airflow connection to ksqlDB's REST API.
    :param replace: drop and make anew a stream whose statement changed. Its join then reads its topics
        again; without it such a change fails the task and says what would be lost.
    """

    template_fields: Sequence[str] = (*PlanOperator.template_fields, "ksqldb_conn_id")
    ui_color = "#d3e1f0"

    def __init__(
        self, *, ksqldb_conn_id: str = KsqlDbHook.default_conn_name, replace: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.ksqldb_conn_id = ksqldb_conn_id
        self.replace = replace

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The streams' changes."""
        return plan_streams(pipeline, KsqlDbHook(self.ksqldb_conn_id).get_conn(), replace=self.replace)
