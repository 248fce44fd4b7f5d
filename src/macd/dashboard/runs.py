"""Seeding runs and their reconciliations."""

from __future__ import annotations

from pymongo.database import Database

from macd.clients.mongodb import Document, read_document, readable
from macd.dashboard.models import MissingOrders, RunDetail, Runs, RunSummary
from macd.producer.manifest import Manifest
from macd.producer.store import RunStore
from macd.quality.report import COLLECTION as REPORTS
from macd.quality.report import Report


class RunBook:
    """What `seeding_runs` and `quality_reports` hold."""

    def __init__(self, database: Database[Document]) -> None:
        self._store = RunStore(database)
        self._reports = database[REPORTS]

    def recent(self, limit: int) -> Runs:
        """The runs started last, newest first."""
        manifests = self._store.recent(limit)
        # Without the lists of orders, which only a single run's page shows.
        query = {"_id": {"$in": [manifest.run_id for manifest in manifests]}}
        found = self._reports.find(query, {"samples": 0})
        reports = {report.run_id: report for report in readable(found, Report.from_mongo, REPORTS)}
        return Runs(runs=[_summary(manifest, reports.get(manifest.run_id)) for manifest in manifests])

    def one(self, run_id: str) -> RunDetail:
        """A single run; SpecError when there is none."""
        manifest, report = self._store.get(run_id), self._report(run_id)
        return RunDetail(
            **_summary(manifest, report).model_dump(),
            figures=None if report is None or report.obstacle else report.figures,
            checks=list(report.checks) if report else [],
            samples=report and report.samples,
        )

    def missing(self, run_id: str) -> MissingOrders:
        """The missing orders that the latest report names."""
        self._store.get(run_id)
        report = self._report(run_id)
        listing = report.samples.missing if report else None
        if listing is None:
            return MissingOrders(count=0, listed=0, orders=[])
        return MissingOrders(count=listing.count, listed=len(listing.first), orders=list(listing.first))

    def _report(self, run_id: str) -> Report | None:
        found = self._reports.find_one({"_id": run_id})
        return None if found is None else read_document(found, Report.from_mongo, REPORTS)


def _summary(manifest: Manifest, report: Report | None) -> RunSummary:
    broken = [check for check in report.checks if not check.passed] if report else []
    verdict = "unverified"
    if report is not None:
        verdict = "failed" if not report.passed else "warned" if broken else "passed"
    return RunSummary.model_validate(
        {
            "run_id": manifest.run_id,
            "status": manifest.status,
            "started_at": manifest.started_at,
            "completed_at": manifest.completed_at,
            "orders": manifest.counts.orders,
            "expected": manifest.counts.expected,
            "stored": None if report is None or report.obstacle else report.figures.orders_stored,
            "obstacle": report and report.obstacle,
            "verdict": verdict,
            "verified_at": report and report.verified_at,
            "broken": [check.name for check in broken],
        }
    )
