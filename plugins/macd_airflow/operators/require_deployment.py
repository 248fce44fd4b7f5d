"""Refuses to go on while the pipeline is not there."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import Context

from macd.errors import PlanBlocked
from macd.pipeline import Pipeline
from macd.plan import Change, Create
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish


class RequireDeploymentOperator(ServicesOperator):
    """Succeeds when every topic, subject, stream and connector exists; creates none of them.

    A sink that has failed meanwhile, as in an outage of MongoDB, is restarted: Kafka Connect leaves it
    so. An index only makes reading quick, so a missing one stops nobody.
    """

    ui_color = "#d6e4d6"

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns how many parts were found."""
        with airflow_errors():
            plan = Pipeline(self.pipeline(), self.connections().services(), os.environ).plan()
            missing = [change.resource for change in plan.changes if _is_missing(change)]
            if missing:
                publish(context, f"nothing was seeded: the pipeline is not deployed ({len(missing)} missing)")
                raise PlanBlocked(
                    f"The pipeline is not deployed: {', '.join(missing)} missing.",
                    remedy="Run the DAG macd_pipeline first (or `macd apply`), then trigger this one again.",
                )
            plan.restarts.apply(lambda change: self.log.info("Done: %s", change.render()))
        self.log.info("All %d parts of the pipeline are there.", len(plan.changes))
        return {"parts": len(plan.changes)}


def _is_missing(change: Change) -> bool:
    return isinstance(change, Create) and not change.resource.startswith("index ")
