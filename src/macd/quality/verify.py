"""Verifies a seeding run: waits until it has settled, reconciles it, holds it against the checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import count

from pymongo.collection import Collection
from pymongo.database import Database

from macd.clients.kafka import KafkaAdmin
from macd.clients.mongodb import Document, connected
from macd.clients.records import READ_LIMIT_S, RecordReader
from macd.errors import MacdError, QualityCheckFailed
from macd.producer.deletion import Deletions
from macd.producer.manifest import Manifest
from macd.producer.route import Route, route_of
from macd.producer.store import RunStore
from macd.quality.checks import NOTHING_CHECKED, evaluate, passed
from macd.quality.derived import Derived
from macd.quality.keeping import keep, obstacle_of
from macd.quality.reconcile import Outcome, Seen, reconcile
from macd.quality.report import Report
from macd.quality.sources import OnSources, on_sources
from macd.quality.unordered import with_unordered
from macd.quality.waiting import (
    PAST_AFTER,
    PAST_STALL_LIMIT_S,
    STALL_LIMIT_S,
    CaughtUp,
    Rescue,
    Say,
    Waited,
    wait_until_settled,
)
from macd.quality.watch import Progress, RunWatch, watch_run
from macd.rescue.caught_up import everything_is_read
from macd.rescue.outage import through_outages
from macd.rescue.sinks import SinkRescue
from macd.specs.endpoints import Services
from macd.specs.models import CheckSpec, PipelineSpec


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

    The report is stored in MongoDB. Raises RunNotFound for a run that was never started or is being deleted,
    SpecError for a wrong setting and ServiceError when a service cannot be used; failed checks are in the
    report, and so is what makes it impossible to verify this run (see `raise_for_failures`).
    """
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
    caught_up = everything_is_read(pipeline, services)
    with connected(services.mongodb) as database:
        manifest = RunStore(database).get(run_id)
        Deletions(database).refuse(run_id)
        if manifest.status != "complete":
            progress(f"Run '{run_id}' was not produced to its end; expect its checks to fail.")
        collection = database.client[route.database][route.collection]
        start = manifest.start_of((route.joined_topic, route.dead_letter_topic))
        with RecordReader(services.kafka, start, limit_s=max(READ_LIMIT_S, deadline_s)) as reader:
            watch = RunWatch(manifest, route, reader, collection)
            waited = wait_until_settled(
                watch.look,
                deadline_s,
                progress,
                stall_limit_s,
                rescue=lambda: rescue() or watch.is_held_up(progress),
                caught_up=caught_up,
            )
            seen = Seen(watch.joined, watch.dead_letters, watch.unordered)
            obstacles = watch.obstacles
        sources = _on_topics(manifest, route, services, max(READ_LIMIT_S, deadline_s))
        topic_id = partial(_id_of, route.joined_topic, services)
        derived = compared(manifest, pipeline, seen, sources, database, topic_id)
        waited = _wait_for_derived(derived, waited, deadline_s, progress, stall_limit_s, rescue, caught_up)
        report = report_on(run_id, pipeline.checks_of("run"), derived.compare(), waited)
        return keep(report.with_notes(obstacles), database)


def compared(
    manifest: Manifest,
    pipeline: PipelineSpec,
    seen: Seen,
    sources: OnSources,
    database: Database[Document],
    topic_id: Callable[[], str],
) -> Derived:
    """What a run produced against what was seen of it on the topics and what MongoDB holds.

    `topic_id` gives that of the joined topic.
    """
    route = route_of(pipeline)
    collection = database.client[route.database][route.collection]
    outcome = reconcile(manifest, route, seen, finder(collection), sources)
    outcome = with_unordered(outcome, manifest, route, seen, collection)
    return Derived(manifest, outcome, pipeline, topic_id, database)


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
        f"{numbers}.{_examples(report)}{''.join(f' Note: {note}' for note in report.notes)}",
        remedy=report.failures[0].next_step if report.failures else NOTHING_CHECKED,
    )


def finder(collection: Collection[Document]) -> Callable[[list[str]], Iterable[Document]]:
    """Reads the documents with given order ids."""
    return lambda ids: collection.find({"_id": {"$in": ids}})


def report_on(run_id: str, checks: Iterable[CheckSpec], outcome: Outcome, waited: Waited) -> Report:
    """The report on a reconciliation; it passes when there are checks of severity `fail` and all hold."""
    results = evaluate(checks, outcome.figures)
    return Report(
        run_id=run_id,
        passed=passed(results),
        settled=waited.settled,
        waited_s=round(waited.seconds, 3),
        verified_at=datetime.now(UTC).replace(microsecond=0),
        figures=outcome.figures,
        checks=results,
        samples=outcome.samples,
    )


def _wait_for_derived(
    derived: Derived,
    before: Waited,
    deadline_s: float,
    say: Say,
    stall_limit_s: float,
    rescue: Rescue,
    caught_up: CaughtUp,
) -> Waited:
    """Goes on waiting, within the same deadline, for what is derived from a completely joined run.

    A run that arrives at the last moment is not blamed for what can only follow it.
    """
    if not derived.may_follow:
        return before
    waited = before
    if not derived.look().done:
        left_s = max(deadline_s - before.seconds, stall_limit_s if before.settled else 0.0)
        after = wait_until_settled(
            derived.look, left_s, say, stall_limit_s, rescue=rescue, caught_up=caught_up
        )
        waited = Waited(before.settled and after.settled, before.seconds + after.seconds)
    derived.note()
    return waited


def _on_topics(manifest: Manifest, route: Route, services: Services, limit_s: float) -> OnSources:
    start = manifest.start_of(route.sources)
    # A run is sent outside transactions: its messages are there also behind one of somebody else's.
    with RecordReader(services.kafka, start, uncommitted=True, limit_s=limit_s) as reader:
        return on_sources(manifest, route, reader, reader.beginnings)


def _id_of(topic: str, services: Services) -> str:
    return KafkaAdmin(services.kafka).topic_id(topic)


def _examples(report: Report) -> str:
    """The first orders of each list, so that an alert mail is worth reading on its own."""
    samples = report.samples
    found = {
        "missing": [f"{each.order_id} {each.hop.value}" for each in samples.missing.first],
        "dead-lettered": [each.order_id for each in samples.dead_lettered.first],
        "duplicate": [each.order_id for each in samples.duplicate.first],
        "unexpected": [each.order_id for each in samples.unexpected.first],
        "lost from a topic": [f"{each.order_id} from {each.where}" for each in samples.lost.first],
        "never ordered": [f"{each.order_id} in {each.where}" for each in samples.unordered.first],
        "altered": [f"{each.order_id} {each.differences[0].field}" for each in samples.altered.first],
        "wrong revenue": [
            f"{each.hour:%Y-%m-%d %H}:00 {each.payment_method}" for each in samples.revenue.first
        ],
    }
    told = [f"{name}: {', '.join(ids[:3])}" for name, ids in found.items() if ids]
    return f" For example {'; '.join(told)}." if told else ""
