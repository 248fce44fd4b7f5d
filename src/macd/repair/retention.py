"""Deletes what old runs left in MongoDB. The topics forget by themselves: include/topics sets how soon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pymongo.database import Database

from macd.clients.mongodb import Document, connected
from macd.errors import DocumentUnreadable
from macd.incidents.from_report import subject_of
from macd.incidents.store import IncidentStore
from macd.producer import store
from macd.producer.deleted import DeletedRuns
from macd.producer.deletion import Deletions
from macd.producer.manifest import Manifest
from macd.producer.route import Route, route_of
from macd.producer.store import RunStore
from macd.quality import report, tries
from macd.quality.watch import IDS_PER_QUERY, batched
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

Say = Callable[[str], None]


class Deleted(NamedTuple):
    """What was deleted."""

    runs: tuple[str, ...]
    documents: int

    @property
    def verdict(self) -> str:
        """One line."""
        if not self.runs:
            return "no run was old enough to delete"
        return f"{len(self.runs):,} old runs deleted with {self.documents:,} documents"


def delete_old_runs(
    keep: timedelta,
    pipeline: PipelineSpec,
    services: Services,
    say: Say = lambda _: None,
    now: datetime | None = None,
) -> Deleted:
    """Deletes the runs that were completed longer than `keep` ago and passed when they were last compared.

    A run that did not pass stays, whatever its age, for whoever looks into it. One that passed and cannot be
    verified any more (its topics are gone, this package has another recipe) has nothing against it.
    """
    before = (now or datetime.now(UTC)) - keep
    with connected(services.mongodb) as database:
        return delete_runs_before(before, database, route_of(pipeline), say)


def delete_runs_before(
    before: datetime, database: Database[Document], route: Route, say: Say = lambda _: None
) -> Deleted:
    """Notes every run before touching it, so that the next call goes on where this one was stopped."""
    deleted, deletions = DeletedRuns(database), Deletions(database)
    deleted.forget(datetime.now(UTC))
    for run_id in set(_old_runs(before, database)) - deletions.begun():
        deletions.begin(run_id)
    for run_id in deletions.begun():
        # A check that ended just before did not see the note, and may have found something.
        if not (deleted.holds(run_id) or _passed(run_id, database)):
            deletions.end(run_id)
    runs = [run_id for run_id in sorted(deletions.begun()) if _is_readable(run_id, database, say)]
    documents = sum(_delete(run_id, database, route, say) for run_id in runs)
    _forget_gone(database)
    return Deleted(tuple(runs), documents)


def _old_runs(before: datetime, database: Database[Document]) -> Iterator[str]:
    reports = database[report.COLLECTION].find()
    passed = {str(found["_id"]) for found in reports if report.passed_last(found)}
    for manifest in RunStore(database).all():
        if manifest.completed_at and manifest.completed_at < before and manifest.run_id in passed:
            yield manifest.run_id


def _is_readable(run_id: str, database: Database[Document], say: Say) -> bool:
    """Without its manifest nobody knows which documents are a run's."""
    try:
        RunStore(database).load(run_id)
    except DocumentUnreadable as error:
        say(f"Left alone: {error}")
        return False
    return True


def _passed(run_id: str, database: Database[Document]) -> bool:
    return report.passed_last(database[report.COLLECTION].find_one({"_id": run_id}) or {})


def _forget_gone(database: Database[Document]) -> None:
    """Ends what a check found just before its run was deleted and booked just after; nobody looks again."""
    incidents = IncidentStore(database)
    about = {each.run_id for each in incidents.open() if each.run_id}
    known = {str(found["_id"]) for found in database[store.COLLECTION].find({"_id": {"$in": list(about)}})}
    for run_id in about - known:
        incidents.forget(subject_of(run_id))


def _delete(run_id: str, database: Database[Document], route: Route, say: Say) -> int:
    """The manifest goes after the documents, whose ids follow from it; the note goes last."""
    manifest = RunStore(database).load(run_id)
    DeletedRuns(database).note(run_id, datetime.now(UTC))
    documents = 0 if manifest is None else _delete_documents(manifest, database, route)
    IncidentStore(database).forget(subject_of(run_id))
    for name in (store.COLLECTION, report.COLLECTION, tries.COLLECTION):
        database[name].delete_one({"_id": run_id})
    Deletions(database).end(run_id)
    say(f"Deleted run {run_id}: {documents:,} documents, its manifest and its report.")
    return documents


def _delete_documents(manifest: Manifest, database: Database[Document], route: Route) -> int:
    collections = [database.client[where][name] for where, name in route.by_order]
    batches: Iterable[list[str]] = batched(_order_ids(manifest), IDS_PER_QUERY)
    return sum(
        collection.delete_many({"_id": {"$in": ids}}).deleted_count
        for ids in batches
        for collection in collections
    )


def _order_ids(manifest: Manifest) -> Iterator[str]:
    ids = manifest.order_ids
    return map(ids.maker(), range(ids.size))
