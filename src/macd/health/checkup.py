"""One checkup of the whole pipeline: looks, counts, and evaluates the checks of scope `pipeline`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from macd.clients.mongodb import connected
from macd.errors import QualityCheckFailed
from macd.health.books import minutes_since_last_run, unfinished_runs, unreadable_runs, unsettled_orders
from macd.health.figures import PipelineFigures
from macd.health.observe import STALLED_AFTER_S, observe
from macd.health.report import HealthReport, HealthReportStore
from macd.health.state import Kind, Part, PipelineState, State
from macd.health.strays import Strays, find_strays
from macd.incidents.finding import Finding
from macd.producer.route import route_of
from macd.quality.checks import NOTHING_CHECKED, evaluate, passed
from macd.quality.report import CheckResult
from macd.specs.endpoints import Services
from macd.specs.models import CheckSpec, PipelineSpec

SUBJECT = "pipeline"
# Long enough to tell a reader that has stopped from one that commits only now and then.
PATIENCE_S = STALLED_AFTER_S + 10
EXAMPLES = 20


class Books(NamedTuple):
    """Runs given up or damaged, orders that are only dead letters, minutes since the latest run, strays."""

    unfinished: list[str] = []
    unsettled: list[str] = []
    minutes_since_last: int = 0
    unreadable: list[str] = []
    strays: Strays = Strays()


def check_up(
    pipeline: PipelineSpec,
    services: Services,
    environment: Mapping[str, str] = os.environ,
    patience_s: float = PATIENCE_S,
) -> HealthReport:
    """The report, also kept in MongoDB; failed checks are in it (see `raise_for_failures`).

    Waits up to `patience_s` seconds for a reader that is behind to move. Raises ServiceError only when
    MongoDB, where it has to be kept, cannot be used.
    """
    state = observe(pipeline, services, environment, patience_s)
    now = datetime.now(UTC)
    with connected(services.mongodb) as database:
        books = Books(
            unfinished_runs(database, now),
            unsettled_orders(pipeline, services, database),
            minutes_since_last_run(database, now),
            unreadable_runs(database),
            find_strays(database, route_of(pipeline)),
        )
        report = report_on(pipeline.checks_of("pipeline"), state, books)
        HealthReportStore(database).save(report)
    return report


def report_on(checks: Iterable[CheckSpec], state: PipelineState, books: Books) -> HealthReport:
    """The report on one look; it passes when there are checks of severity `fail` and all hold."""
    figures = _figures(state, books)
    results = evaluate(checks, figures)
    return HealthReport(
        passed=passed(results),
        figures=figures,
        checks=results,
        state=state,
        examples={
            "runs_unfinished": tuple(books.unfinished[:EXAMPLES]),
            "dead_letters": tuple(books.unsettled[:EXAMPLES]),
            "runs_unreadable": tuple(books.unreadable[:EXAMPLES]),
            "documents_of_no_run": books.strays.examples,
            "orders_repeated": books.strays.repeated[:EXAMPLES],
        },
    )


def findings_of(report: HealthReport) -> list[Finding]:
    """One for each check that did not hold, with the parts behind it."""
    return [
        Finding(
            subject=SUBJECT,
            check=check.name,
            severity=check.severity,
            message=f"{check.figure} is {check.actual:,}, has to be {check.expected}",
            next_step=check.next_step,
            examples=tuple(_behind(check, report))[:EXAMPLES],
        )
        for check in report.checks
        if not check.passed
    ]


def raise_for_failures(report: HealthReport) -> None:
    """QualityCheckFailed with the numbers of every failed check; nothing when the report passed."""
    if report.passed:
        return
    failed = [check for check in report.checks if not check.passed and check.severity == "fail"]
    told = "; ".join(check.message for check in failed) or "nothing was checked"
    examples = "; ".join(line for check in failed for line in _behind(check, report))
    raise QualityCheckFailed(
        f"The pipeline is not well: {told}.{f' {examples}.' if examples else ''}",
        remedy=failed[0].next_step if failed else NOTHING_CHECKED,
    )


def _figures(state: PipelineState, books: Books) -> PipelineFigures:
    lags = [link.lag for link in state.links if link.lag is not None]
    return PipelineFigures(
        topics_drifted=_count(state, "topic", State.MISSING, State.DRIFTED),
        schemas_drifted=_count(state, "schema", State.MISSING, State.DRIFTED),
        streams_drifted=_count(state, "query", State.MISSING, State.DRIFTED),
        connectors_drifted=_count(state, "connector", State.DRIFTED),
        queries_not_running=_count(state, "query", State.FAILED),
        queries_stalled=_count(state, "query", State.STALLED),
        connectors_not_running=_count(state, "connector", State.FAILED, State.MISSING),
        connectors_stalled=_count(state, "connector", State.STALLED),
        consumer_lag=max(lags, default=0),
        dead_letters=len(books.unsettled),
        runs_unfinished=len(books.unfinished),
        minutes_since_last_run=books.minutes_since_last,
        runs_unreadable=len(books.unreadable),
        documents_of_no_run=books.strays.of_no_run,
        orders_repeated=len(books.strays.repeated),
        parts_unknown=sum(part.state is State.UNKNOWN for part in state.parts),
    )


def _count(state: PipelineState, kind: Kind, *states: State) -> int:
    return sum(part.kind == kind and part.state in states for part in state.parts)


_PARTS_BEHIND: Mapping[str, tuple[Kind, ...]] = {
    "topics_drifted": ("topic",),
    "schemas_drifted": ("schema",),
    "streams_drifted": ("query",),
    "queries_not_running": ("query",),
    "queries_stalled": ("query",),
    "connectors_drifted": ("connector",),
    "connectors_not_running": ("connector",),
    "connectors_stalled": ("connector",),
    "parts_unknown": ("topic", "schema", "query", "connector", "collection"),
}


def _behind(check: CheckResult, report: HealthReport) -> Iterator[str]:
    """What a figure counts: parts and how they are, or the ids of runs or orders."""
    state = report.state
    yield from report.examples.get(check.figure, ())
    kinds = _PARTS_BEHIND.get(check.figure, ())
    for part in state.parts:
        if part.kind in kinds and part.state is not State.OK:
            yield _line(part)
    if check.figure == "consumer_lag":
        yield from (
            f"{link.target} is {link.lag:,} behind on {link.source}" for link in state.links if link.lag
        )


def _line(part: Part) -> str:
    return f"{part.key} {part.state.value}: {part.detail}".rstrip(": ")
