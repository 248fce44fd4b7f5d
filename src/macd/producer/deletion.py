"""Which runs are being deleted, so that nobody verifies one that is half gone."""

from __future__ import annotations

from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.errors import RunBeingDeleted
from macd.producer.store import COLLECTION as RUNS

COLLECTION = "runs_being_deleted"


class Deletions:
    """The runs whose deletion has begun: without this note one that is half gone would look damaged."""

    def __init__(self, database: Database[Document]) -> None:
        self._marks = database[COLLECTION]
        self._runs = database[RUNS]

    def begin(self, run_id: str) -> None:
        """Notes a run before anything of it is touched."""
        self._marks.replace_one({"_id": run_id}, {"_id": run_id}, upsert=True)

    def end(self, run_id: str) -> None:
        """Nothing of the run is left, or it stays after all."""
        self._marks.delete_one({"_id": run_id})

    def begun(self) -> set[str]:
        """The runs that are noted."""
        return {str(mark["_id"]) for mark in self._marks.find()}

    def is_over(self, run_id: str) -> bool:
        """Whether a run has no manifest any more, which goes after the documents and before the note."""
        return self._runs.find_one({"_id": run_id}) is None

    def refuse(self, run_id: str, *, may_be_over: bool = False) -> None:
        """RunBeingDeleted when the run's deletion has begun, or when that of a run that was there is over."""
        # In this order: a deletion that ends between the questions has taken the manifest.
        if self._marks.find_one({"_id": run_id}) is not None or (may_be_over and self.is_over(run_id)):
            raise RunBeingDeleted(
                f"Run '{run_id}' is being deleted, or was just now.",
                remedy="There is nothing to verify. A deletion that was killed goes on with the next one "
                "(macd_reseed with keep_days).",
            )
