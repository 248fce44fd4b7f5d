"""Lets a teardown pass only when the target was named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from macd.errors import SpecError
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.base import PipelineOperator
from macd_airflow.outcome import publish


class ConfirmRemovalOperator(PipelineOperator):
    """Skips itself, and with it what follows, when nothing was entered; fails on another name.

    :param confirm: has to equal the name of the target.
    """

    template_fields: Sequence[str] = (*PipelineOperator.template_fields, "confirm")
    ui_color = "#f9d8d6"

    def __init__(self, *, confirm: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.confirm = confirm

    def execute(self, context: Context) -> str:
        """Returns the target's name."""
        _, target = self.origin()
        entered = (self.confirm or "").strip()
        how = f"trigger it again with confirm = {target}"
        if not entered:
            publish(context, f"Nothing was removed. To remove what show_plan lists, {how}.")
            raise AirflowSkipException(f"Nothing is removed without a confirmation; {how}.")
        if entered != target:
            publish(context, f"Nothing was removed: {entered!r} does not confirm target {target}.")
            with airflow_errors():
                raise SpecError(
                    f"confirm is {entered!r}, but this would remove the pipeline of target {target}.",
                    remedy=f"If that is what you want, {how}.",
                )
        self.log.info("Confirmed: everything that show_plan lists on target %s is removed.", target)
        return target
