"""Checks that the services are ready for the pipeline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from macd.pipeline import Pipeline
from macd.preflight.report import PreflightReport, raise_for_failures
from macd.preflight.rules import load_rules
from macd.preflight.run import run_preflight
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.text import is_on


class CheckServicesOperator(ServicesOperator):
    """Runs the preflight: reachability, permissions, clocks, versions, regions, costs; changes nothing.

    The whole report is printed into the task's log. A failed check fails the task; it is tried again only
    when waiting may help, as with a service that does not answer.

    :param allow_region_mismatch: whether services in different regions are only a warning; the text of a
        rendered template will do.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "allow_region_mismatch")
    ui_color = "#d6e4d6"

    def __init__(self, *, allow_region_mismatch: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_region_mismatch = allow_region_mismatch

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns the report."""
        include_dir, _ = self.origin()
        with airflow_errors():
            pipeline = Pipeline(self.pipeline(), self.connections().services(), os.environ)
            allowed = is_on(self.allow_region_mismatch)
            report = run_preflight(pipeline, load_rules(include_dir), allow_region_mismatch=allowed)
            self._print(report)
            if not report.passed:
                publish(context, report.verdict)
            raise_for_failures(report)
        return report.as_dict()

    def _print(self, report: PreflightReport) -> None:
        # Line by line: Airflow's log view would set one long message in proportional type.
        for line in report.render_text().splitlines():
            self.log.info("%s", line)
