"""Registers the pipeline's Avro schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from macd.plan import Plan, plan_schemas
from macd.specs import PipelineSpec
from macd_airflow.hooks.schema_registry import SchemaRegistryHook
from macd_airflow.operators.base import PlanOperator


class RegisterSchemasOperator(PlanOperator):
    """Registers what is new in include/schemas, where the registry finds it compatible.

    :param schema_registry_conn_id: Airflow connection to the registry's Confluent-compatible API.
    """

    template_fields: Sequence[str] = (*PlanOperator.template_fields, "schema_registry_conn_id")
    ui_color = "#dce8d0"

    def __init__(
        self, *, schema_registry_conn_id: str = SchemaRegistryHook.default_conn_name, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.schema_registry_conn_id = schema_registry_conn_id

    def plan(self, pipeline: PipelineSpec) -> Plan:
        """The subjects' changes."""
        return plan_schemas(pipeline, SchemaRegistryHook(self.schema_registry_conn_id).get_conn())
