"""A collection that answers the queries of the incident book."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.unit.macd import turns
from tests.unit.macd.fakes import FakeCollection, FakeCursor, FakeDatabase


class Updated(NamedTuple):
    matched_count: int


class FakeIncidents(FakeCollection):
    """Equality, $in and $or; copies, as a server does. Workers may take turns at it."""

    def find(
        self, query: dict[str, Any] | None = None, projection: Any = None, *, sort: Any = (), limit: int = 0
    ) -> FakeCursor:
        turns.operation()
        self.queries += 1
        found = FakeCursor(dict(each) for each in self.documents.values() if _matches(each, query or {}))
        for field, direction in sort:
            found = found.sort(field, direction)
        return found.limit(limit) if limit else found

    def insert_one(self, document: dict[str, Any]) -> None:
        turns.operation()
        super().insert_one(document)

    def update_one(self, query: dict[str, Any], update: dict[str, Any]) -> Updated:
        turns.operation()
        found = [each for each in self.documents.values() if _matches(each, query)]
        for document in found[:1]:
            document.update(update["$set"])
        return Updated(len(found[:1]))

    def update_many(self, query: dict[str, Any], update: dict[str, Any]) -> None:
        turns.operation()
        for document in self.documents.values():
            if _matches(document, query):
                document.update(update["$set"])

    def count_documents(self, query: dict[str, Any]) -> int:
        return len(list(self.find(query)))


def _matches(document: dict[str, Any], query: dict[str, Any]) -> bool:
    def holds(name: str, wanted: Any) -> bool:
        if name == "$or":
            return any(_matches(document, one) for one in wanted)
        value = document.get(name)
        return value in wanted["$in"] if isinstance(wanted, dict) else value == wanted

    return all(holds(name, wanted) for name, wanted in query.items())


def database() -> FakeDatabase:
    made = FakeDatabase()
    made["incidents"] = FakeIncidents()
    return made
