"""Remembers the runs that retention has deleted, for as long as anything may still hold their records."""

from __future__ import annotations

from datetime import datetime, timedelta

from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.errors import SpecError

COLLECTION = "runs_deleted"
# Longer than any topic of include/topics keeps a record, and than the join remembers one.
KEPT = timedelta(days=60)


class DeletedRuns:
    """A new run with the id of a deleted one would have its ids again, and join its records."""

    def __init__(self, database: Database[Document]) -> None:
        self._deleted = database[COLLECTION]

    def note(self, run_id: str, now: datetime) -> None:
        """To be called before anything of the run is deleted."""
        self._deleted.replace_one({"_id": run_id}, {"_id": run_id, "deleted_at": now}, upsert=True)

    def holds(self, run_id: str) -> bool:
        """Whether a run is deleted, or something of it is already."""
        return self._deleted.find_one({"_id": run_id}) is not None

    def refuse(self, run_id: str) -> None:
        """Raises SpecError for the id of a run that was deleted."""
        found = self._deleted.find_one({"_id": run_id})
        if found is not None:
            day, free = found["deleted_at"], found["deleted_at"] + KEPT
            raise SpecError(
                f"Run '{run_id}' was deleted on {day:%Y-%m-%d}; topics and join may still hold its records, "
                "and a new run of this id would have the same ones.",
                remedy=f"Give the new run an id of its own; this one is free again from {free:%Y-%m-%d} on.",
            )

    def forget(self, now: datetime) -> None:
        """Drops what was noted long enough ago."""
        self._deleted.delete_many({"deleted_at": {"$lt": now - KEPT}})
