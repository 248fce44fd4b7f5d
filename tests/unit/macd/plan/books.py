"""The collection of deployed parts in memory."""

from __future__ import annotations

from typing import Any

from pymongo.errors import DuplicateKeyError


class Book:
    """One collection; `down` makes it a server that does not answer."""

    def __init__(self, *parts: tuple[str, str], target: str = "local") -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.finds = 0
        for kind, name in parts:
            self.insert_one({"_id": f"{target} {kind} {name}", "target": target, "kind": kind, "name": name})

    @property
    def ids(self) -> set[str]:
        return set(self.documents)

    def __getitem__(self, name: str) -> Book:
        """The database gives itself out as its only collection."""
        assert name == "deployed_parts"
        return self

    def find(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        self.finds += 1
        return [each for each in self.documents.values() if each["target"] == query["target"]]

    def insert_one(self, document: dict[str, Any]) -> None:
        if document["_id"] in self.documents:
            raise DuplicateKeyError("E11000")
        self.documents[document["_id"]] = document

    def delete_one(self, query: dict[str, Any]) -> None:
        self.documents.pop(query["_id"], None)
