"""A fault in one document of a collection."""

from __future__ import annotations

from abc import abstractmethod
from copy import deepcopy

from pymongo.collection import Collection

from macd.clients.mongodb import Document
from tests.faults.fault import Fault


class StoredFault(Fault):
    """Takes `before` away and puts `after` there; None where there was nothing, or is nothing any more."""

    collection: str
    before: Document | None
    after: Document | None

    def choose(self) -> None:
        self.found = self.find()
        self.before, self.after = self.found, deepcopy(self.found)
        self.change(self.after)

    @abstractmethod
    def find(self) -> Document:
        """The document that is meant."""

    @abstractmethod
    def change(self, document: Document) -> None:
        """Changes `document`, which is `after`; or `before` or `after` themselves."""

    def inject(self) -> None:
        self._replace(self.before, self.after)

    def undo(self) -> None:
        self._replace(self.after, self.before)

    @property
    def stored(self) -> Collection[Document]:
        return self.stage.database[self.collection]

    def get(self, key: str) -> Document:
        found = self.stored.find_one({"_id": key})
        assert found is not None, key
        return found

    def _replace(self, old: Document | None, new: Document | None) -> None:
        if old is not None:
            assert self.stored.delete_one({"_id": old["_id"]}).deleted_count == 1
        if new is not None:
            self.stored.insert_one(new)
