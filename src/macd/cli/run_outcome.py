"""What came out of a DAG run: the report when there is one, the failing task's error otherwise, a verdict."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from macd.cli.dag_run import DagRun, Snapshot
from macd.cli.run_view import error_in
from macd.clients.airflow import LogLine
from macd.clients.mongodb import connected
from macd.errors import MacdError, QualityCheckFailed, ServiceError
from macd.quality.report import Report, ReportStore
from macd.settings import Settings
from macd.specs import load_target, resolve_services

VERIFYING_TASK = "data_quality_checks"
LOG_LINES = 15


@dataclass(frozen=True)
class Failure:
    """A task that failed: its error, the end of its log, and the page with all of it."""

    task_id: str
    error: str
    log: tuple[str, ...]
    url: str


@dataclass(frozen=True)
class Outcome:
    """A finished run. `report` is None when the run ended before it was verified."""

    run: DagRun
    snapshot: Snapshot
    report: Report | None
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether every task succeeded and the report says that nothing is amiss."""
        return self.snapshot.state == "success" and self.report is not None and self.report.passed

    @property
    def exit_code(self) -> int:
        """0 passed; 10 a check failed; 5 the run failed otherwise."""
        if self.passed:
            return 0
        return QualityCheckFailed.exit_code if self.report else ServiceError.exit_code

    def as_dict(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "dag_run_id": self.run.dag_run_id,
            "run_id": self.run.run_id,
            "url": self.run.url,
            "state": self.snapshot.state,
            "passed": self.passed,
            "elapsed_s": round(self.snapshot.elapsed_s, 1),
            "tasks": [asdict(task) for task in self.snapshot.tasks],
            "failures": [asdict(failure) for failure in self.failures],
            "report": self.report.model_dump(mode="json") if self.report else None,
        }

    def print(self, console: Console) -> None:
        """Report, or the error of each task that failed."""
        for failure in self.failures:
            if self.report is None or failure.task_id != VERIFYING_TASK:
                _print_failure(failure, console)
        if self.report is not None:
            console.print(Text(self.report.render_text()), soft_wrap=True)

    def verdict(self) -> Text:
        """One line: passed or failed, and where to look."""
        seconds = f"{self.snapshot.elapsed_s:.0f} s"
        if self.passed and self.report is not None:
            found = _proven(self.report)
            return Text(f"PASSED  run {self.run.run_id} in {seconds}: {found}", "bold green")
        failed = ", ".join(failure.task_id for failure in self.failures) or "it left no report"
        text = f"FAILED  run {self.run.run_id} after {seconds}: {failed}; see {self.run.url}"
        return Text(text, "bold red")


def outcome_of(run: DagRun, snapshot: Snapshot) -> Outcome:
    """Collects what the reader of a finished run wants to know."""
    return Outcome(run, snapshot, _report(run), tuple(_failures(run, snapshot)))


def _report(run: DagRun) -> Report | None:
    settings = Settings()
    services = resolve_services(load_target(settings.include_dir, settings.target), os.environ)
    try:
        with connected(services.mongodb) as database:
            report = ReportStore(database).get(run.run_id)
    except MacdError:
        return None  # Never verified, or MongoDB is down; then a task has failed and says so.
    # An earlier run of the same name may have left one.
    return report if report.verified_at >= run.started_at else None


def _proven(report: Report) -> str:
    figures, held = report.figures, sum(check.passed for check in report.checks)
    return (
        f"{figures.orders_stored:,} of {figures.orders_expected:,} expected orders are in MongoDB, "
        f"{held} of {len(report.checks)} checks hold"
    )


def _failures(run: DagRun, snapshot: Snapshot) -> Iterator[Failure]:
    for task in snapshot.failed:
        log = run.log(task)
        error = error_in(log) or "The task ended without a Python error; it may have been killed."
        yield Failure(task.task_id, error, _tail(log), run.task_url(task))


def _tail(log: tuple[LogLine, ...]) -> tuple[str, ...]:
    return tuple(f"{line.level:<7} {line.text}" for line in _outside_groups(log))[-LOG_LINES:]


def _outside_groups(log: tuple[LogLine, ...]) -> Iterator[LogLine]:
    """What the task itself said: Airflow's own preparations stand in groups, which the UI folds as well."""
    grouped = False
    for line in log:
        if line.text.startswith("::group::"):
            grouped = True
        elif line.text.startswith("::endgroup::"):
            grouped = False
        elif not grouped:
            yield line


def _print_failure(failure: Failure, console: Console) -> None:
    console.print(Text(f"{failure.task_id} failed: {failure.error}", "red"), soft_wrap=True)
    for line in failure.log:
        console.print(Text(f"    {line}", "dim"), soft_wrap=True)
    console.print(Text(f"    full log: {failure.url}"), soft_wrap=True)
