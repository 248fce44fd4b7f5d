"""Shows what a teardown would remove."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from macd.clients.mongodb import connected
from macd.pipeline import Pipeline
from macd.plan import Plan, plan_document_removal
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.text import is_on


class ShowRemovalOperator(ServicesOperator):
    """Prints the plan of a removal; removes nothing.

    :param delete_documents: whether MongoDB's collections are part of it.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "delete_documents")
    ui_color = "#f4e3c1"

    def __init__(self, *, delete_documents: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delete_documents = delete_documents

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Returns the changes, in the order in which they would be made."""
        with airflow_errors():
            spec, services = self.pipeline(), self.connections().services()
            plan = Pipeline(spec, services, os.environ).plan_removal()
            if is_on(self.delete_documents):
                with connected(services.mongodb) as database:
                    plan = plan + plan_document_removal(spec, database)
        self._show(plan, spec.target.name)
        return [change.as_dict() for change in plan.changes]

    def _show(self, plan: Plan, target: str) -> None:
        self.log.info("Would be removed on target %s (%d things):", target, len(plan.pending))
        for line in plan.render().splitlines():
            self.log.info("  %s", line)
        if not is_on(self.delete_documents):
            self.log.info("MongoDB keeps its documents (delete_documents is off).")
