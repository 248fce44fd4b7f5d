"""Looks through the dead letters and says which of them can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from macd.repair.dead_letters import MOST_ATTEMPTS
from macd.repair.replay import classify_dead_letters
from macd.repair.table import render
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.text import is_on

AFFECTED_RUNS = "affected_runs"


class ClassifyDeadLettersOperator(ServicesOperator):
    """Prints the dead letters that no replay has looked at, by class; changes nothing.

    The XCom `affected_runs` holds the ids of the seeding runs to which those to replay belong.

    :param dry: only for the verdict, which says whether a replay follows.
    :param from_beginning: look at all of the topic, not only at what no replay has looked at.
    :param most_attempts: an order that was replayed this often and came back is not replayed any more.
    """

    template_fields: Sequence[str] = (
        *ServicesOperator.template_fields,
        "dry",
        "from_beginning",
        "most_attempts",
    )
    ui_color = "#f2ddc9"

    def __init__(
        self,
        *,
        dry: bool | str = True,
        from_beginning: bool | str = False,
        most_attempts: int | str = MOST_ATTEMPTS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dry = dry
        self.from_beginning = from_beginning
        self.most_attempts = most_attempts

    def execute(self, context: Context) -> dict[str, int]:
        """Returns how many there are of each class."""
        with airflow_errors():
            found = classify_dead_letters(
                self.pipeline(),
                self.connections().services(),
                from_beginning=is_on(self.from_beginning),
                most_attempts=int(self.most_attempts),
            )
        for line in render(found).splitlines():
            self.log.info("%s", line)
        context["ti"].xcom_push(AFFECTED_RUNS, list(found.runs))
        publish(context, f"dry run: {found.verdict}" if is_on(self.dry) else found.verdict)
        return {kind.name.lower(): count for kind, count in found.counts.items()}
