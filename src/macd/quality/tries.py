"""How often a run was checked without a result, so that there is an end to it."""

from __future__ import annotations

from pymongo.database import Database

from macd.clients.mongodb import Document

COLLECTION = "quality_tries"
# In so many checks in a row nothing was compared: each was killed, or found that it cannot be done.
MOST_TRIES = 6


class Tries:
    """The collection `quality_tries`: the checks of a run since the last one that came to a result.

    A check that is killed cannot say so; it is known by having begun.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._tries = database[COLLECTION]

    def begin(self, run_id: str) -> None:
        """One more."""
        self._tries.update_one({"_id": run_id}, {"$inc": {"count": 1}}, upsert=True)

    def give_back(self, run_id: str) -> None:
        """One less: what ended the last one says nothing about the run."""
        self._tries.update_one({"_id": run_id}, {"$inc": {"count": -1}})
        self._tries.delete_one({"_id": run_id, "count": {"$lte": 0}})

    def forget(self, run_id: str) -> None:
        """It came to a result."""
        self._tries.delete_one({"_id": run_id})

    def spent(self) -> list[str]:
        """The runs that were tried often enough."""
        return [str(found["_id"]) for found in self._tries.find({"count": {"$gte": MOST_TRIES}})]
