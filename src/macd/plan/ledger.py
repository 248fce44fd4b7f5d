"""What apply has made on a target, one document a part in MongoDB: the mark by which it knows its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from pymongo.collection import Collection
from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.plan.changes import Change, Create, Delete, Forget, NoOp, Update
from macd.specs.models import PipelineSpec

COLLECTION = "deployed_parts"
Origin = Literal["made", "adopted"]
# The first word of a change's resource, and what kind of part that is. A stream that became a table is the
# same part; compatibility goes with its subject; indexes and documents belong to their readers.
_KINDS = {kind: kind for kind in ("topic", "subject", "stream", "connector")} | {"table": "stream"}


@dataclass(frozen=True, order=True)
class Part:
    """A topic, subject, stream (or table) or connector; the same one whatever its origin."""

    kind: str
    name: str
    origin: Origin = field(default="made", compare=False)


class MongoLedger:
    """The collection `deployed_parts` of a database from `macd.clients.mongodb.connected`.

    A part is written down before it is made and forgotten after it is removed: whoever is killed in between
    leaves a record too many, which planning finds to be nothing, and never a part without one. A part that
    is there already when a file declares it is written down as adopted, until apply makes it anew.
    """

    def __init__(self, database: Database[Document], target: str) -> None:
        self._database = database
        self._target = target

    @cached_property
    def parts(self) -> set[Part]:
        """Everything that is written down for the target."""
        found = self._collection.find({"target": self._target})
        return {Part(document["kind"], document["name"], document["origin"]) for document in found}

    def before(self, change: Change) -> None:
        """Writes down what is made or found as it should be, and forgets what is not there any more."""
        part = part_of(change)
        if part is None:
            return
        if isinstance(change, Forget):
            self._forget(part)
        elif isinstance(change, Create):
            self._write(part, "$set")
        elif isinstance(change, NoOp | Update) and part not in self.parts:
            # Somebody else may be making it at the same moment.
            self._write(replace(part, origin="adopted"), "$setOnInsert")

    def after(self, change: Change) -> None:
        """Forgets what was deleted."""
        part = part_of(change)
        if part is not None and isinstance(change, Delete):
            self._forget(part)

    @property
    def _collection(self) -> Collection[Document]:
        return self._database[COLLECTION]

    def _write(self, part: Part, how: str) -> None:
        document = {"target": self._target, **asdict(part), "since": datetime.now(UTC)}
        self._collection.update_one({"_id": self._id(part)}, {how: document}, upsert=True)
        self.parts.discard(part)  # it may have been there with another origin
        self.parts.add(part)

    def _forget(self, part: Part) -> None:
        self._collection.delete_one({"_id": self._id(part)})
        self.parts.discard(part)

    def _id(self, part: Part) -> str:
        return f"{self._target} {part.kind} {part.name}"


def part_of(change: Change) -> Part | None:
    """The part that a change is about; None for what nobody keeps a record of."""
    kind, _, name = change.resource.partition(" ")
    return Part(_KINDS[kind], name) if kind in _KINDS else None


def names(parts: Iterable[Part], kind: str) -> list[str]:
    """The names of the parts of one kind."""
    return [part.name for part in parts if part.kind == kind]


def made_of(parts: Iterable[Part]) -> list[Part]:
    """Those that apply made, and so may remove."""
    return [part for part in parts if part.origin == "made"]


def adopted_of(parts: Iterable[Part]) -> list[Part]:
    """Those that were there before apply."""
    return [part for part in parts if part.origin == "adopted"]


def subjects_of(topics: Iterable[str]) -> set[str]:
    """What ksqlDB registers for topics. A subject of any other name is somebody's own."""
    return {f"{topic}-{part}" for topic in topics for part in ("key", "value")}


def undeclared(parts: Iterable[Part], pipeline: PipelineSpec) -> list[Part]:
    """Those of `parts` that no file declares, by kind and name; ksqlDB declares its sinks' subjects."""
    declared = {
        *(Part("topic", topic.name) for topic in pipeline.topics),
        *(Part("subject", schema.subject) for schema in pipeline.schemas),
        *(Part("subject", name) for name in subjects_of(query.topic for query in pipeline.queries)),
        *(Part("stream", statement.source) for statement in pipeline.statements),
        *(Part("connector", connector.name) for connector in pipeline.connectors),
    }
    return sorted(set(parts) - declared)
