"""The collection of deployed parts in memory."""

from __future__ import annotations

from typing import Any


class Book:
    """One collection; `down` makes it a server that does not answer."""

    def __init__(self, *parts: tuple[str, str], target: str = "local", origin: str = "made") -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.finds = 0
        for kind, name in parts:
            self.add(kind, name, target, origin)

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

    def add(self, kind: str, name: str, target: str = "local", origin: str = "made") -> None:
        part = {"target": target, "kind": kind, "name": name, "origin": origin}
        self.update_one({"_id": f"{target} {kind} {name}"}, {"$set": part}, upsert=True)

    def update_one(self, query: dict[str, Any], update: dict[str, Any], *, upsert: bool) -> None:
        assert upsert
        [(how, fields)] = update.items()
        found = self.documents.setdefault(query["_id"], {**query, **fields})
        if how == "$set":
            found.update(fields)
        else:
            assert how == "$setOnInsert"

    def delete_one(self, query: dict[str, Any]) -> None:
        self.documents.pop(query["_id"], None)
