"""Checks the health of the whole pipeline."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from macd.health.checkup import SUBJECT, check_up, findings_of, raise_for_failures
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish


class CheckPipelineHealthOperator(ServicesOperator):
    """Looks at every part of the pipeline and evaluates the checks of scope `pipeline`.

    Connectors and queries are judged by their tasks and by progress. A reader that is behind is watched for
    up to 85 seconds. The report is printed into the task's log and kept in MongoDB, collection
    `health_reports`; a failing check with severity `fail` fails the task.
    """

    ui_color = "#cfe8e0"

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns the figures."""
        with airflow_errors():
            report = check_up(self.pipeline(), self.connections().services())
            # Line by line: Airflow's log view would set one long message in proportional type.
            for line in report.render_text().splitlines():
                self.log.info("%s", line)
            subjects = (SUBJECT,) if report.is_complete else ()
            publish(context, report.verdict, findings_of(report), subjects)
            raise_for_failures(report)
        return report.figures.model_dump(mode="json")
