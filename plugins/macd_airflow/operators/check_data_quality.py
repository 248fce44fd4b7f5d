"""Verifies one run by identity: produced = acknowledged = joined = stored + dead-lettered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Context, conf

from macd.incidents.from_report import findings_of, subject_of
from macd.producer.manifest import Manifest
from macd.producer.store import RunStore
from macd.quality.report import Report
from macd.quality.verify import (
    STALL_LIMIT_S,
    raise_for_failures,
    settled,
    stall_limit_of,
    verify_run,
)
from macd.rescue.outage import through_outages
from macd_airflow.assets import announce
from macd_airflow.errors import airflow_errors
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.operators.services import ServicesOperator
from macd_airflow.outcome import publish
from macd_airflow.triggers.run_settled import RunSettledTrigger

# The trigger ends by itself at the deadline; Airflow's own timeout only catches one that does not.
TRIGGER_MARGIN = timedelta(minutes=1)


class CheckDataQualityOperator(ServicesOperator):
    """Waits until a run has settled, reconciles it and evaluates include/checks.

    The whole report is printed into the task's log and kept in MongoDB; a failing check with severity
    `fail` fails the task with its numbers.

    :param run_id: the seeding run to verify.
    :param deadline: how long the run's records may take to arrive.
    :param patient: whether a run that was produced more than an hour ago may still be on its way. Without
        patience it is waited for only as long as something moves.
    :param deferrable: wait in the triggerer instead of in a worker.
    """

    template_fields: Sequence[str] = (*ServicesOperator.template_fields, "run_id")
    ui_color = "#cfe8e0"

    def __init__(
        self,
        *,
        run_id: str = "{{ run_id }}",
        deadline: timedelta = timedelta(minutes=10),
        patient: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.deadline = deadline
        self.patient = patient
        self.deferrable = deferrable

    def execute(self, context: Context) -> dict[str, Any]:
        """Verifies at once when there is nothing to wait for; otherwise defers, or waits here."""
        if self.deferrable and not self._settled():
            timeout = self.deadline + TRIGGER_MARGIN
            self.defer(trigger=self._trigger(), method_name="execute_complete", timeout=timeout)
        return self._verify(context, self.deadline, self._stall_limit())

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Goes on with what is left of the deadline: what is derived follows a run by seconds."""
        left = timedelta(seconds=event.get("left_s", 0))
        return self._verify(context, left, event.get("stall_limit_s", STALL_LIMIT_S))

    def _settled(self) -> bool:
        with airflow_errors():
            services = self.connections().services()
            progress = through_outages(lambda: settled(self.run_id, self.pipeline(), services), self.log.info)
        self.log.info("%s", progress)
        return progress.done

    def _trigger(self) -> RunSettledTrigger:
        include_dir, target = self.origin()
        return RunSettledTrigger(
            run_id=self.run_id,
            include_dir=str(include_dir),
            target=target,
            connection_ids=self.connections().as_dict(),
            until=(datetime.now(UTC) + self.deadline).isoformat(),
            stall_limit_s=self._stall_limit(),
        )

    def _stall_limit(self) -> float:
        if self.patient:
            return STALL_LIMIT_S
        with airflow_errors():
            manifest = through_outages(self._manifest, self.log.info)
        return stall_limit_of(manifest, datetime.now(UTC))

    def _manifest(self) -> Manifest:
        with MongoDbHook(self.mongodb_conn_id).get_conn() as database:
            return RunStore(database).get(self.run_id)

    def _verify(self, context: Context, deadline: timedelta, stall_limit_s: float) -> dict[str, Any]:
        with airflow_errors():
            report = verify_run(
                self.run_id,
                self.pipeline(),
                self.connections().services(),
                deadline.total_seconds(),
                self.log.info,
                stall_limit_s,
            )
            self._print(report)
            publish(context, report.verdict, findings_of(report), [subject_of(report.run_id)])
            raise_for_failures(report)
        announce(context, self.outlets, self._news(report))
        figures = report.figures.model_dump(mode="json")
        return {"run_id": report.run_id, "passed": report.passed, "figures": figures}

    def _news(self, report: Report) -> dict[str, dict[str, Any]]:
        figures = report.figures
        counts = {
            "joined_orders": {"orders": figures.orders_stored},
            "payment_mismatches": {"orders": figures.mismatches_listed},
            "hourly_revenue": {"hours_by_method": figures.revenue_cells_expected},
        }
        return {
            sink.collection: {"run_id": report.run_id, **counts[sink.stores]}
            for sink in self.pipeline().connectors
        }

    def _print(self, report: Report) -> None:
        # Line by line: Airflow's log view would set one long message in proportional type.
        for line in report.render_text().splitlines():
            self.log.info("%s", line)
