"""Verifies one run by identity: produced = acknowledged = joined = stored + dead-lettered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Context, conf
from airflow.sdk.exceptions import AirflowSkipException

from macd.errors import DeadlineExceeded, MacdError, QualityCheckFailed, RunBeingDeleted, RunNotFound
from macd.incidents.from_report import findings_of, subjects_of
from macd.producer.deletion import Deletions
from macd.producer.manifest import Manifest
from macd.producer.store import RunStore
from macd.quality.keeping import obstacle_of
from macd.quality.report import Report
from macd.quality.tries import Tries
from macd.quality.verify import raise_for_failures, settled, stall_limit_of, verify_run
from macd.quality.waiting import STALL_LIMIT_S
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
    :param may_be_gone: whether a run that is not there was deleted since somebody found it: skipped then.
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
        may_be_gone: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.deadline = deadline
        self.patient = patient
        self.may_be_gone = may_be_gone
        self.deferrable = deferrable

    def execute(self, context: Context) -> dict[str, Any]:
        """Verifies at once when there is nothing to wait for; otherwise defers, or waits here."""
        with self._errors():
            through_outages(self._begin, self.log.info)
        with self._errors(), self._try():
            stall_limit_s = self._wait()
        return self._verify(context, self.deadline, stall_limit_s)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Goes on with what is left of the deadline: what is derived follows a run by seconds."""
        left = timedelta(seconds=event.get("left_s", 0))
        return self._verify(context, left, event.get("stall_limit_s", STALL_LIMIT_S))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Airflow's own. A run that is gone has no verdict."""
        skipped = RunNotFound if self.may_be_gone else RunBeingDeleted
        with airflow_errors():
            try:
                yield
            except skipped as error:
                raise AirflowSkipException(str(error)) from None

    @contextmanager
    def _try(self) -> Iterator[None]:
        """What ends it counts where it may be because of the run: the same may come again."""
        try:
            yield
        except (QualityCheckFailed, DeadlineExceeded):
            raise
        except MacdError:
            with suppress(MacdError):
                self._give_back()
            raise

    def _begin(self) -> None:
        with MongoDbHook(self.mongodb_conn_id).get_conn() as database:
            Deletions(database).refuse(self.run_id)
            Tries(database).begin(self.run_id)

    def _give_back(self) -> None:
        with MongoDbHook(self.mongodb_conn_id).get_conn() as database:
            Tries(database).give_back(self.run_id)

    def _wait(self) -> float:
        """Defers unless the run has settled; what ends a standstill otherwise."""
        try:
            stall_limit_s = self._stall_limit()
            if self.deferrable and not self._settled():
                timeout = self.deadline + TRIGGER_MARGIN
                trigger = self._trigger(stall_limit_s)
                self.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)
        except MacdError as error:
            if obstacle_of(error) is None:
                raise
            # Verifying it meets the same, and reports it.
            return STALL_LIMIT_S
        return stall_limit_s

    def _settled(self) -> bool:
        services = self.connections().services()
        progress = through_outages(lambda: settled(self.run_id, self.pipeline(), services), self.log.info)
        self.log.info("%s", progress)
        return progress.done

    def _trigger(self, stall_limit_s: float) -> RunSettledTrigger:
        include_dir, target = self.origin()
        return RunSettledTrigger(
            run_id=self.run_id,
            include_dir=str(include_dir),
            target=target,
            connection_ids=self.connections().as_dict(),
            until=(datetime.now(UTC) + self.deadline).isoformat(),
            stall_limit_s=stall_limit_s,
        )

    def _stall_limit(self) -> float:
        if self.patient:
            return STALL_LIMIT_S
        manifest = through_outages(self._manifest, self.log.info)
        return stall_limit_of(manifest, datetime.now(UTC))

    def _manifest(self) -> Manifest:
        with MongoDbHook(self.mongodb_conn_id).get_conn() as database:
            return RunStore(database).get(self.run_id)

    def _verify(self, context: Context, deadline: timedelta, stall_limit_s: float) -> dict[str, Any]:
        with self._errors(), self._try():
            report = verify_run(
                self.run_id,
                self.pipeline(),
                self.connections().services(),
                deadline.total_seconds(),
                self.log.info,
                stall_limit_s,
            )
            self._print(report)
            publish(context, report.verdict, findings_of(report), subjects_of(report))
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
