"""Manifests in MongoDB, one document a run."""

from __future__ import annotations

from collections.abc import Iterator

from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from macd.clients.mongodb import Document
from macd.errors import RunNotFound
from macd.producer.manifest import Manifest

COLLECTION = "seeding_runs"


class RunStore:
    """The collection `seeding_runs` of a database from `macd.clients.mongodb.connected`."""

    def __init__(self, database: Database[Document]) -> None:
        self._runs = database[COLLECTION]

    def load(self, run_id: str) -> Manifest | None:
        """The run's manifest; None when it has never been started."""
        found = self._runs.find_one({"_id": run_id})
        return None if found is None else Manifest.from_mongo(found)

    def get(self, run_id: str) -> Manifest:
        """The run's manifest; RunNotFound when it has never been started."""
        found = self.load(run_id)
        if found is None:
            raise RunNotFound(f"There is no seeding run '{run_id}'.", remedy=self._suggestion())
        return found

    def begin(self, manifest: Manifest) -> Manifest:
        """Stores a new run's manifest; returns the other one when somebody began the same run just before."""
        try:
            self._runs.insert_one(manifest.to_mongo())
        except DuplicateKeyError:
            return self.get(manifest.run_id)
        return manifest

    def save(self, manifest: Manifest) -> None:
        """Replaces the run's manifest."""
        self._runs.replace_one({"_id": manifest.run_id}, manifest.to_mongo(), upsert=True)

    def recent(self, limit: int = 20) -> list[Manifest]:
        """The runs started last, newest first."""
        found = self._runs.find().sort("started_at", DESCENDING).limit(limit)
        return [Manifest.from_mongo(document) for document in found]

    def started(self, within: range) -> dict[str, int]:
        """The runs whose first start (epoch ms) lies within, with that start."""
        found = self._runs.find({"as_of": {"$gte": within.start, "$lt": within.stop}}, {"as_of": 1})
        return {str(document["_id"]): int(document["as_of"]) for document in found}

    def all(self) -> Iterator[Manifest]:
        """Every run, in no particular order."""
        for document in self._runs.find():
            yield Manifest.from_mongo(document)

    def _suggestion(self) -> str:
        known = ", ".join(manifest.run_id for manifest in self.recent(5))
        return f"Give one of the latest runs: {known}." if known else "Seed a run first (`macd seed`)."
