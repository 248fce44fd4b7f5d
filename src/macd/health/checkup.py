"""One checkup of the whole pipeline: looks, counts, and evaluates the checks of scope `pipeline`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pymongo import DESCENDING
from pymongo.database import Database

from macd.clients.mongodb import Document, connected
from macd.clients.records import RecordReader, begin_offsets
from macd.errors import MacdError, QualityCheckFailed
from macd.health.figures import PipelineFigures
from macd.health.observe import STALLED_AFTER_S, observe
from macd.health.report import HealthReport, HealthReportStore
from macd.health.state import Kind, Part, PipelineState, State
from macd.incidents.finding import Finding
from macd.producer.route import Route, route_of
from macd.producer.store import COLLECTION as RUNS
from macd.quality.checks import evaluate
from macd.quality.due import SEEDING_LIMIT
from macd.quality.report import CheckResult
from macd.quality.watch import IDS_PER_QUERY, batched
from macd.specs.models import PipelineSpec, Services

SUBJECT = "pipeline"
# Long enough to tell a reader that has stopped from one that commits only now and then.
PATIENCE_S = STALLED_AFTER_S + 10


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
    with connected(services.mongodb) as database:
        figures = _figures(state, _Runs(database), _dead_letters(pipeline, services, database))
        results = evaluate(pipeline.checks_of("pipeline"), figures)
        report = HealthReport(
            passed=all(result.passed for result in results if result.severity == "fail"),
            figures=figures,
            checks=results,
            state=state,
        )
        HealthReportStore(database).save(report)
    return report


def findings_of(report: HealthReport) -> list[Finding]:
    """One for each check that did not hold, with the parts behind it."""
    return [
        Finding(
            subject=SUBJECT,
            check=check.name,
            severity=check.severity,
            message=f"{check.figure} is {check.actual:,}, has to be {check.expected}",
            next_step=check.next_step,
            examples=tuple(_behind(check, report.state))[:20],
        )
        for check in report.checks
        if not check.passed
    ]


def raise_for_failures(report: HealthReport) -> None:
    """QualityCheckFailed with the numbers of every failed check; nothing when the report passed."""
    failed = [check for check in report.checks if not check.passed and check.severity == "fail"]
    if failed:
        told = "; ".join(check.message for check in failed)
        examples = "; ".join(line for check in failed for line in _behind(check, report.state))
        raise QualityCheckFailed(
            f"The pipeline is not well: {told}.{f' {examples}.' if examples else ''}",
            remedy=failed[0].next_step,
        )


class _Runs:
    """What the seeding runs say about freshness."""

    def __init__(self, database: Database[Document]) -> None:
        self._runs = database[RUNS]
        self._now = datetime.now(UTC)

    def unfinished(self) -> int:
        return self._runs.count_documents(
            {"status": "started", "started_at": {"$lt": self._now - SEEDING_LIMIT}}
        )

    def minutes_since_last(self) -> int:
        latest = self._runs.find({"status": "complete"}).sort("completed_at", DESCENDING).limit(1)
        return next((int((self._now - run["completed_at"]).total_seconds() // 60) for run in latest), 0)


def _figures(state: PipelineState, runs: _Runs, dead_letters: int) -> PipelineFigures:
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
        dead_letters=dead_letters,
        runs_unfinished=runs.unfinished(),
        minutes_since_last_run=runs.minutes_since_last(),
        parts_unknown=sum(part.state is State.UNKNOWN for part in state.parts),
    )


def _count(state: PipelineState, kind: Kind, *states: State) -> int:
    return sum(part.kind == kind and part.state in states for part in state.parts)


def _dead_letters(pipeline: PipelineSpec, services: Services, database: Database[Document]) -> int:
    """Different orders in the dead-letter topic that have no document; 0 where Kafka cannot be asked."""
    route = route_of(pipeline)
    if route.dead_letter_topic is None:
        return 0
    try:
        keys = _keys(services, route.dead_letter_topic)
    except MacdError:
        return 0  # parts_unknown tells of it
    return sum(len(ids) - _stored(database, route, ids) for ids in batched(sorted(keys), IDS_PER_QUERY))


def _keys(services: Services, topic: str) -> set[str]:
    start = begin_offsets(services.kafka, [topic])
    with RecordReader(services.kafka, start) as reader:
        records = (record for batch in reader.drain() for record in batch)
        return {(record.key() or b"").decode(errors="replace") for record in records}


def _stored(database: Database[Document], route: Route, ids: list[str]) -> int:
    collection = database.client[route.database][route.collection]
    return sum(1 for _ in collection.find({"_id": {"$in": ids}}, {"_id": 1}))


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


def _behind(check: CheckResult, state: PipelineState) -> Iterator[str]:
    """The parts that a figure counts, and how they are."""
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
