"""Reconciles a run and lists what of it can be written again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context

from macd.repair.resink import Survey, survey_run
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.text import is_on


class SurveyRunOperator(ServicesOperator):
    """Says what a run lost and where; changes nothing, and does not fail because something is lost.

    :param run_id: the seeding run.
    :param altered: count altered documents among those to write again.
    :param dry: only for the verdict, which says whether anything is written.
    :param deadline: how long a run that is still on its way is waited for.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "run_id", "altered", "dry")
    ui_color = "#e9e2c0"

    def __init__(
        self,
        *,
        run_id: str,
        altered: bool | str = False,
        dry: bool | str = True,
        deadline: timedelta = timedelta(seconds=30),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.altered = altered
        self.dry = dry
        self.deadline = deadline

    def execute(self, context: Context) -> dict[str, int]:
        """Returns how many orders could be written again, and how many of the others were lost where."""
        with airflow_errors():
            survey = survey_run(
                self.run_id,
                self.pipeline(),
                self.connections().services(),
                self.deadline.total_seconds(),
                self.log.info,
            )
        self._print(survey)
        verdict = survey.verdict(altered=is_on(self.altered))
        publish(context, f"dry run of {self.run_id}: {verdict}" if is_on(self.dry) else verdict)
        return {"not_stored": len(survey.lost.missing), "altered": len(survey.lost.altered)}

    def _print(self, survey: Survey) -> None:
        for line in (*survey.report.render_text().splitlines(), *survey.examples, *survey.elsewhere):
            self.log.info("%s", line)
