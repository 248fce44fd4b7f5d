"""Writes a run's lost orders to the sink again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from macd.producer.route import route_of
from macd.repair.resink import resink_run
from macd_airflow.assets import announce
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.text import is_on


class ResinkOrdersOperator(ServicesOperator):
    """Repeats the joined records of orders that are not in the collection; a second run finds none left.

    :param run_id: the seeding run.
    :param altered: repeat those of altered documents as well, which puts them right.
    :param dry: write nothing; the task is skipped.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "run_id", "altered", "dry")
    ui_color = "#f2c9c9"

    def __init__(
        self, *, run_id: str, altered: bool | str = False, dry: bool | str = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.altered = altered
        self.dry = dry

    def execute(self, context: Context) -> dict[str, int]:
        """Returns how many orders were written again, and how many of these are stored or back."""
        if is_on(self.dry):
            raise AirflowSkipException(
                "A dry run: nothing is written. Trigger it with dry_run off to repair."
            )
        with airflow_errors():
            done = resink_run(
                self.run_id,
                self.pipeline(),
                self.connections().services(),
                altered=is_on(self.altered),
                say=self.log.info,
            )
        self.log.info("%s", done.verdict)
        publish(context, done.verdict)
        arrival = done.arrival
        stored = {"run_id": self.run_id, "orders": arrival.stored}
        announce(context, self.outlets, {route_of(self.pipeline()).collection: stored})
        return {"written": arrival.written, "stored": arrival.stored, "returned": arrival.returned}
