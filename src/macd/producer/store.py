"""Manifests in MongoDB, one document a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from pymongo import DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from macd.clients.mongodb import Document, read_document, readable
from macd.errors import DocumentUnreadable, RunNotFound
from macd.producer.deleted import DeletedRuns
from macd.producer.manifest import Manifest

COLLECTION = "seeding_runs"


class RunStore:
    """The collection `seeding_runs` of a database from `macd.clients.mongodb.connected`."""

    def __init__(self, database: Database[Document]) -> None:
        self._runs = database[COLLECTION]
        self._deleted = DeletedRuns(database)

    def load(self, run_id: str) -> Manifest | None:
        """The run's manifest; None when it has never been started, DocumentUnreadable when it is damaged."""
        found = self._runs.find_one({"_id": run_id})
        return None if found is None else _read(found)

    def get(self, run_id: str) -> Manifest:
        """As `load`; RunNotFound when it has never been started."""
        found = self.load(run_id)
        if found is None:
            raise RunNotFound(f"There is no seeding run '{run_id}'.", remedy=self._suggestion())
        return found

    def begin(self, manifest: Manifest) -> Manifest:
        """Stores a new run's manifest; returns the other one when somebody began the same run just before.

        SpecError for the id of a run that was deleted.
        """
        self._deleted.refuse(manifest.run_id)
        try:
            self._runs.insert_one(manifest.to_mongo())
        except DuplicateKeyError:
            return self.get(manifest.run_id)
        return manifest

    def take(self, run_id: str, owner: str, lease: timedelta) -> Manifest:
        """The run, with a new attempt of `owner` unless it is complete or another's lease still holds."""
        asked = self._change({"_id": run_id}, {"$currentDate": {"asked_at": True}})
        if asked is None or asked.asked_at is None:
            return self.get(run_id)
        now = asked.asked_at
        free = [{"lease": None}, {"lease.renewed_at": {"$lte": now - lease}}]
        taken = self._change(
            {"_id": run_id, "status": "started", "$or": free},
            {"$inc": {"attempt": 1}, "$set": {"lease": {"owner": owner, "since": now, "renewed_at": now}}},
        )
        return taken or self.get(run_id)

    def renew(self, manifest: Manifest) -> bool:
        """Whether the run is still this attempt's, whose lease then begins anew."""
        now = {"$currentDate": {"lease.renewed_at": True}}
        return bool(self._runs.update_one(_still(manifest), now).matched_count)

    def note(self, manifest: Manifest, **changes: Any) -> Manifest | None:
        """The run with these changes; None when it is complete or another attempt's by now."""
        fields = manifest.model_copy(update=changes).model_dump(include=set(changes))
        return self._change(_still(manifest), {"$set": fields})

    def recent(self, limit: int = 20) -> list[Manifest]:
        """The runs started last, newest first."""
        found = self._runs.find().sort("started_at", DESCENDING).limit(limit)
        return list(_readable(found))

    def started(self, within: range) -> dict[str, int]:
        """The runs whose first start (epoch ms) lies within, with that start."""
        found = self._runs.find({"as_of": {"$gte": within.start, "$lt": within.stop}}, {"as_of": 1})
        return {str(document["_id"]): int(document["as_of"]) for document in found}

    def all(self) -> Iterator[Manifest]:
        """Every run whose manifest can be read, in no particular order."""
        return _readable(self._runs.find())

    def unreadable(self) -> Iterator[Document]:
        """The manifests that cannot be read, which no list holds."""
        for document in self._runs.find():
            try:
                _read(document)
            except DocumentUnreadable:
                yield document

    def _change(self, state: Document, update: Document) -> Manifest | None:
        found = self._runs.find_one_and_update(state, update, return_document=ReturnDocument.AFTER)
        return None if found is None else _read(found)

    def _suggestion(self) -> str:
        known = ", ".join(manifest.run_id for manifest in self.recent(5))
        return f"Give one of the latest runs: {known}." if known else "Seed a run first (`macd seed`)."


def _read(document: Document) -> Manifest:
    return read_document(document, Manifest.from_mongo, COLLECTION)


def _readable(documents: Iterable[Document]) -> Iterator[Manifest]:
    return readable(documents, Manifest.from_mongo, COLLECTION)


def _still(manifest: Manifest) -> Document:
    """The run as long as it is the same attempt's."""
    return {"_id": manifest.run_id, "status": "started", "attempt": manifest.attempt}
