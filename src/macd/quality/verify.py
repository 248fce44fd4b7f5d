"""Verifies a seeding run: waits until it has settled, reconciles it, holds it against the checks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple, Protocol

from pymongo.collection import Collection

from macd.clients.mongodb import Document, connected
from macd.clients.records import RecordReader
from macd.errors import MacdError, QualityCheckFailed
from macd.producer.deletion import Deletions
from macd.producer.manifest import Manifest
from macd.producer.resume import Present, count_present
from macd.producer.route import Route, route_of
from macd.producer.store import RunStore
from macd.quality.checks import evaluate
from macd.quality.derived import Derived
from macd.quality.keeping import keep, obstacle_of
from macd.quality.reconcile import Outcome, Seen, reconcile
from macd.quality.report import Report
from macd.quality.watch import Progress, RunWatch, watch_run
from macd.rescue.outage import through_outages
from macd.rescue.sinks import SinkRescue
from macd.specs.endpoints import Services
from macd.specs.models import CheckSpec, PipelineSpec

# Without anything new in the topics or the collection for this long, waiting on brings nothing. Longer than a
# checkpoint of the join (which makes its rows visible) and the start of a connector's task together.
STALL_LIMIT_S = 90.0
# Where only what is there counts: a run that was produced so long ago has arrived, or has not.
PAST_STALL_LIMIT_S = 5.0
PAST_AFTER = timedelta(hours=1)
# ... unless a sink that has failed is brought back for it; this long it then has to store what it missed.
RESTARTED_STALL_LIMIT_S = 45.0
_REPORT_EVERY_S = 5.0
# When nothing has moved for so long, and so often again, it is seen whether a sink has failed.
_RESCUE_EVERY_S = 10.0
Say = Callable[[str], None]
Clock = Callable[[], float]
# Brings back what stands still; whether waiting on makes sense because of that.
Rescue = Callable[[], bool]


class Advance(Protocol):
    """How far something has come; it compares equal while nothing moves."""

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""


class Waited(NamedTuple):
    """How the waiting ended; seconds."""

    settled: bool
    seconds: float


def verify_run(
    run_id: str,
    pipeline: PipelineSpec,
    services: Services,
    deadline_s: float = 600.0,
    progress: Say = lambda _: None,
    stall_limit_s: float = STALL_LIMIT_S,
) -> Report:
    """Waits at most `deadline_s` seconds for the run to arrive, then reports on it whatever has arrived.

    It stops waiting when nothing has moved for `stall_limit_s` seconds; before that it restarts sinks that
    have failed. What is derived from a run that has arrived may take as long as is left, and in any case
    `stall_limit_s`. When a service goes away meanwhile it begins again (`through_outages`) with what is left,
    and in any case `stall_limit_s`: what arrives late because of it is not lost.

    The report is stored in MongoDB. Raises RunNotFound for a run that was never started or is being deleted
    and ServiceError when a service cannot be used; failed checks are in the report, and so is what makes it
    impossible to verify this run (see `raise_for_failures`).
    """
    # What is wrong with the pipeline is not the matter with the run.
    route_of(pipeline)
    ends, interruptions = time.monotonic() + deadline_s, count(0)

    def verify() -> Report:
        least_s = stall_limit_s if next(interruptions) else 0.0
        left_s = max(least_s, ends - time.monotonic())
        try:
            return _verify(run_id, pipeline, services, left_s, progress, stall_limit_s)
        except MacdError as error:
            obstacle = obstacle_of(error)
            if obstacle is None:
                raise
        with connected(services.mongodb) as database:
            return keep(Report.without_figures(run_id, obstacle), database)

    return through_outages(verify, progress)


def _verify(
    run_id: str,
    pipeline: PipelineSpec,
    services: Services,
    deadline_s: float,
    progress: Say,
    stall_limit_s: float,
) -> Report:
    route, rescue = route_of(pipeline), SinkRescue(pipeline, services, progress)
    with connected(services.mongodb) as database:
        manifest = RunStore(database).get(run_id)
        Deletions(database).refuse(run_id)
        if manifest.status != "complete":
            progress(f"Run '{run_id}' was not produced to its end; expect its checks to fail.")
        collection = database.client[route.database][route.collection]
        start = manifest.start_of((route.joined_topic, route.dead_letter_topic))
        with RecordReader(services.kafka, start) as reader:
            watch = RunWatch(manifest, route, reader, collection)
            waited = wait_until_settled(watch.look, deadline_s, progress, stall_limit_s, rescue=rescue)
            seen = Seen(watch.joined, watch.dead_letters)
        outcome = reconcile(
            manifest, route, seen, finder(collection), lambda: _on_topics(manifest, route, services)
        )
        derived = Derived(manifest, outcome, pipeline, services, database)
        waited = _wait_for_derived(derived, waited, deadline_s, progress, stall_limit_s, rescue)
        report = report_on(run_id, pipeline.checks_of("run"), derived.compare(), waited)
        return keep(report, database)


def stall_limit_of(manifest: Manifest, now: datetime) -> float:
    """Seconds to wait without progress for a run that may be long past."""
    produced = manifest.completed_at or manifest.started_at
    return PAST_STALL_LIMIT_S if now - produced > PAST_AFTER else STALL_LIMIT_S


def settled(run_id: str, pipeline: PipelineSpec, services: Services) -> Progress:
    """One look at how far the run has come. To look again and again keep a `watch_run` open instead."""
    with watch_run(run_id, pipeline, services) as watch:
        return watch.look()


def raise_for_failures(report: Report) -> None:
    """QualityCheckFailed with the numbers of every failed check; nothing when the report passed."""
    if report.passed:
        return
    if report.obstacle is not None:
        raise QualityCheckFailed(
            f"Run '{report.run_id}' could not be verified. {report.obstacle.reason}",
            remedy=report.obstacle.remedy,
        )
    numbers = "; ".join(check.message for check in report.failures)
    raise QualityCheckFailed(
        f"Run '{report.run_id}': {len(report.failures)} of {len(report.checks)} data-quality checks failed. "
        f"{numbers}.{_examples(report)}",
        remedy=report.failures[0].next_step,
    )


def wait_until_settled(
    look: Callable[[], Advance],
    deadline_s: float,
    say: Say,
    stall_limit_s: float = STALL_LIMIT_S,
    clock: Clock = time.monotonic,
    rescue: Rescue = lambda: False,
) -> Waited:
    """Looks until the run is done, nothing has moved for `stall_limit_s`, or `deadline_s` has passed.

    `look` itself blocks for a moment when there is nothing new, so this needs no sleep. While nothing moves
    `rescue` is asked every few seconds; where it has brought something back, that counts as a move. Who would
    give up sooner than that asks once before, and is more patient only where it helped.
    """
    rescue_after_s = min(_RESCUE_EVERY_S, stall_limit_s)
    began = moved = spoke = asked = clock()
    before: Advance | None = None
    while True:
        now_at, now = look(), clock()
        if now_at != before:
            before, moved, asked = now_at, now, now
        elif now - asked >= rescue_after_s:
            asked = now
            if rescue():
                moved = now
                if stall_limit_s < _RESCUE_EVERY_S:
                    stall_limit_s, rescue_after_s = RESTARTED_STALL_LIMIT_S, math.inf
        if now_at.done or now - began >= deadline_s or now - moved >= stall_limit_s:
            say(f"{now_at} after {now - began:.1f} s{'' if now_at.done else '; giving up'}")
            return Waited(now_at.done, now - began)
        if now - spoke >= _REPORT_EVERY_S:
            spoke = now
            say(f"{now_at} after {now - began:.0f} s")


def finder(collection: Collection[Document]) -> Callable[[list[str]], Iterable[Document]]:
    """Reads the documents with given order ids."""
    return lambda ids: collection.find({"_id": {"$in": ids}})


def report_on(run_id: str, checks: Iterable[CheckSpec], outcome: Outcome, waited: Waited) -> Report:
    """The report on a reconciliation; it passes when every check of severity `fail` holds."""
    results = evaluate(checks, outcome.figures)
    return Report(
        run_id=run_id,
        passed=all(result.passed for result in results if result.severity == "fail"),
        settled=waited.settled,
        waited_s=round(waited.seconds, 3),
        verified_at=datetime.now(UTC).replace(microsecond=0),
        figures=outcome.figures,
        checks=results,
        samples=outcome.samples,
    )


def _wait_for_derived(
    derived: Derived, before: Waited, deadline_s: float, say: Say, stall_limit_s: float, rescue: Rescue
) -> Waited:
    """Goes on waiting, within the same deadline, for what is derived from a completely joined run.

    A run that arrives at the last moment is not blamed for what can only follow it.
    """
    derived.note()
    if not derived.may_follow or derived.look().done:
        return before
    left_s = max(deadline_s - before.seconds, stall_limit_s if before.settled else 0.0)
    after = wait_until_settled(derived.look, left_s, say, stall_limit_s, rescue=rescue)
    return Waited(before.settled and after.settled, before.seconds + after.seconds)


def _on_topics(manifest: Manifest, route: Route, services: Services) -> Present:
    with RecordReader(services.kafka, manifest.start_of(route.sources)) as reader:
        return count_present(manifest.run, route, reader.drain())


def _examples(report: Report) -> str:
    """The first orders of each list, so that an alert mail is worth reading on its own."""
    samples = report.samples
    found = {
        "missing": [f"{each.order_id} {each.hop.value}" for each in samples.missing.first],
        "dead-lettered": [each.order_id for each in samples.dead_lettered.first],
        "duplicate": [each.order_id for each in samples.duplicate.first],
        "unexpected": [each.order_id for each in samples.unexpected.first],
        "altered": [f"{each.order_id} {each.differences[0].field}" for each in samples.altered.first],
        "wrong revenue": [
            f"{each.hour:%Y-%m-%d %H}:00 {each.payment_method}" for each in samples.revenue.first
        ],
    }
    told = [f"{name}: {', '.join(ids[:3])}" for name, ids in found.items() if ids]
    return f" For example {'; '.join(told)}." if told else ""
