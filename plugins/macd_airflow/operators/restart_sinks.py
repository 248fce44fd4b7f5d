"""Restarts sinks that have failed, whether or not anybody waits for a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk import Context, Variable
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException
from pydantic import TypeAdapter, ValidationError

from macd.errors import ServiceUnreachable
from macd.incidents.finding import Finding
from macd.pipeline import Pipeline
from macd.plan import Plan
from macd.rescue.budget import Attempts, Budget, utc_now
from macd.rescue.sinks import Rescue, restart_due_sinks
from macd_airflow.errors import airflow_errors
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish

# Airflow's own database: MongoDB may be what is away.
VARIABLE = "macd_restarts"
SUBJECT = "sinks"
REMEDY = "Read the reason above; mend it, then `macd apply` (or the DAG macd_pipeline) starts the sink again."
_ATTEMPTS = TypeAdapter(dict[str, Attempts])


class RestartSinksOperator(ServicesOperator):
    """Restarts each failed sink at once, then ever later; after seven times in half an hour it fails.

    How often and when is kept in the Variable `macd_restarts`. It is skipped while Kafka Connect does not
    answer, or has no Airflow connection yet.
    """

    ui_color = "#d6e4d6"

    def execute(self, context: Context) -> dict[str, list[str]]:
        """Returns the connectors: restarted now, restarted later, left to people."""
        budget = Budget(remembered(), utc_now)
        before = dict(budget.attempts)
        try:
            rescue = self._rescue(budget)
        finally:  # what was done counts, whatever came after it
            if budget.attempts != before:
                Variable.set(VARIABLE, _ATTEMPTS.dump_json(budget.attempts).decode())
        publish(context, _verdict(rescue), _findings(rescue.spent), [SUBJECT])
        if rescue.spent.changes:
            raise AirflowFailException(f"{rescue.spent.render()} Remedy: {REMEDY}")
        return {name: _names(plan) for name, plan in rescue._asdict().items()}

    def _rescue(self, budget: Budget) -> Rescue:
        try:
            target = Pipeline(self.pipeline(), self.connections().services(), os.environ)
            with airflow_errors(), skipped_while_away():
                return restart_due_sinks(target, budget, self.log.info)
        except AirflowNotFoundException as error:
            raise AirflowSkipException(f"Nothing to look at yet: {error}") from None


@contextmanager
def skipped_while_away() -> Iterator[None]:
    """That Kafka Connect does not answer is told by the checks of the pipeline's health."""
    try:
        yield
    except ServiceUnreachable as error:
        raise AirflowSkipException(str(error)) from None


def remembered() -> dict[str, Attempts]:
    """The restarts of what is not known to be well again."""
    text = Variable.get(VARIABLE, default=None)
    try:
        return _ATTEMPTS.validate_json(text) if text else {}
    except ValidationError:
        return {}


def _findings(spent: Plan) -> list[Finding]:
    return [
        Finding(
            subject=SUBJECT,
            check=f"{change.resource} stays up",
            severity="fail",
            message=f"{change.resource} fails after every restart: {'; '.join(change.details)}",
            next_step=REMEDY,
        )
        for change in spent.changes
    ]


def _verdict(rescue: Rescue) -> str:
    told = [f"{len(plan.changes)} {name}" for name, plan in rescue._asdict().items() if plan.changes]
    return f"failed sinks: {', '.join(told)}" if told else "no sink has failed"


def _names(plan: Plan) -> list[str]:
    return [change.resource for change in plan.changes]
