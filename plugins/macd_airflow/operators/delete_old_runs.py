"""Deletes what old runs left in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from macd.errors import SpecError
from macd.repair.retention import delete_old_runs
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish


class DeleteOldRunsOperator(ServicesOperator):
    """Deletes documents, manifest and report of runs that are old and passed; a retry goes on.

    :param keep_days: how many days a run is kept after it was produced; nothing is deleted, and the task
        is skipped, when it is empty.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "keep_days")
    ui_color = "#d9d9d9"

    def __init__(self, *, keep_days: float | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep_days = keep_days

    def execute(self, context: Context) -> dict[str, Any]:
        """Returns the ids of the deleted runs and how many documents went with them."""
        if self.keep_days in (None, "", "None"):
            raise AirflowSkipException("keep_days is empty: every run is kept.")
        with airflow_errors():
            keep = timedelta(days=_days(self.keep_days))
            deleted = delete_old_runs(keep, self.pipeline(), self.connections().services(), self.log.info)
        self.log.info("%s", deleted.verdict)
        publish(context, deleted.verdict)
        return {"runs": list(deleted.runs), "documents": deleted.documents}


def _days(value: float | str | None) -> float:
    try:
        days = float(value or 0)
    except ValueError:
        days = 0
    if days <= 0:
        raise SpecError(
            f"keep_days is {value!r}.", remedy="Give a number of days above 0, or leave it empty to keep all."
        )
    return days
