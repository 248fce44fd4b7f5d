"""Replays the dead letters that were only skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from macd.producer.route import route_of
from macd.repair.dead_letters import MOST_ATTEMPTS
from macd.repair.replay import replay_dead_letters
from macd_airflow.assets import announce
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.text import is_on


class ReplayDeadLettersOperator(ServicesOperator):
    """Writes them to the joined topic again, each once: a retry goes on where the last try was stopped.

    :param attempt_id: names this replay, the same for all its tries.
    :param runs: ids of the runs to which the dead letters belong; returned, for reconciling them again.
    :param dry: replay nothing; the task is skipped.
    :param from_beginning: look at all of the topic, not only at what no replay has looked at.
    :param most_attempts: an order that was replayed this often and came back is not replayed any more.
    """

    template_fields: Sequence[str] = (
        *ServicesOperator.template_fields,
        "attempt_id",
        "runs",
        "dry",
        "from_beginning",
        "most_attempts",
    )
    ui_color = "#f2c9c9"

    def __init__(
        self,
        *,
        attempt_id: str = "{{ run_id }}",
        runs: Any = (),
        dry: bool | str = True,
        from_beginning: bool | str = False,
        most_attempts: int | str = MOST_ATTEMPTS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.attempt_id = attempt_id
        self.runs = runs
        self.dry = dry
        self.from_beginning = from_beginning
        self.most_attempts = most_attempts

    def execute(self, context: Context) -> list[str]:
        """Returns `runs`; a mapped task can be expanded over nothing but a task's result."""
        if is_on(self.dry):
            raise AirflowSkipException(
                "A dry run: nothing is written. Trigger it with dry_run off to replay."
            )
        with airflow_errors():
            replayed = replay_dead_letters(
                self.pipeline(),
                self.connections().services(),
                attempt_id=self.attempt_id,
                from_beginning=is_on(self.from_beginning),
                most_attempts=int(self.most_attempts),
                say=self.log.info,
            )
        self.log.info("%s", replayed.verdict)
        publish(context, replayed.verdict)
        runs = list(self.runs or ())
        stored = {"runs": runs, "orders": replayed.arrival.stored}
        announce(context, self.outlets, {route_of(self.pipeline()).collection: stored})
        return runs
