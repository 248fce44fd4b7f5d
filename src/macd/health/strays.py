"""Documents of the sink's collection that belong to no run, and orders that are in it more than once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from pymongo.collection import Collection
from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.producer.ids import IdSpace
from macd.producer.manifest import ids_told_by
from macd.producer.route import Route
from macd.producer.store import COLLECTION as RUNS
from macd.quality.documents import shown

# So many strays are looked at one by one; of more than that all those of no run are counted.
EXAMINED = 1_000
# Up to so many documents MongoDB compares each one's _id with its order_id, some seconds' work. Beyond that
# only those of no run are: a run's own are compared when the run is verified.
COMPARED = 1_000_000
_EXAMPLES = 20
_COPIES = {"order_id": {"$exists": True}, "$expr": {"$ne": ["$_id", "$order_id"]}}


class Strays(NamedTuple):
    """How many documents belong to no run, the first of them, and the orders that are there repeatedly."""

    of_no_run: int = 0
    examples: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


def find_strays(database: Database[Document], route: Route) -> Strays:
    """A run that is being seeded or deleted is known as long as it has documents: its manifest is there.

    Nothing as long as a run does not even tell its ids: any document may be its own, and `runs_unreadable`
    says so.
    """
    collection = database.client[route.database][route.collection]
    found = _strays(collection, _known(database))
    # A run may have begun after the first question, and stored something before the second.
    return _strays(collection, _known(database)) if found.of_no_run else found


def _known(database: Database[Document]) -> list[IdSpace | None]:
    """Of each run, its ids. They follow from two fields, so a manifest need not be readable as a whole."""
    return [ids_told_by(run) for run in database[RUNS].find({}, {"parameters": 1})]


def _strays(collection: Collection[Document], runs: list[IdSpace | None]) -> Strays:
    known = [ids for ids in runs if ids is not None]
    if len(known) < len(runs):
        return Strays()
    outside, prefixes = _outside(known), tuple(ids.prefix.decode() for ids in known)
    found = list(collection.find({"$or": outside}, {"order_id": 1}).limit(EXAMINED + 1))
    of_no_run = [each["_id"] for each in found if not _begins(each["_id"], prefixes)]
    count = len(of_no_run) if len(found) <= EXAMINED else collection.count_documents({"$or": outside})
    examples = tuple(shown(repr(name)) for name in of_no_run[:_EXAMPLES])
    return Strays(count, examples, _repeated(collection, [*found, *_copies(collection, prefixes)]))


def _copies(collection: Collection[Document], prefixes: tuple[str, ...]) -> list[Document]:
    """Of the runs' own documents those under another _id. Asked for alone: no index can help with it."""
    if collection.estimated_document_count() > COMPARED:
        return []
    found = collection.find(_COPIES, {"order_id": 1}).limit(EXAMINED + 1)
    return [each for each in found if _begins(each["_id"], prefixes)]


def _begins(name: Any, prefixes: tuple[str, ...]) -> bool:
    return type(name) is str and name.startswith(prefixes)  # bson.Code is a str, too


def _repeated(collection: Collection[Document], strays: Iterable[Document]) -> tuple[str, ...]:
    """Of the orders that these hold under another _id those that a further document holds."""
    held = Counter[str](each["order_id"] for each in strays if _is_copy(each))
    stored = {each["_id"] for each in collection.find({"_id": {"$in": list(held)}}, {"_id": 1})}
    return tuple(sorted(order_id for order_id, times in held.items() if times > 1 or order_id in stored))


def _is_copy(document: Document) -> bool:
    order_id = document.get("order_id")
    return type(order_id) is str and order_id != document["_id"]


def _outside(known: Iterable[IdSpace]) -> list[Document]:
    """Every _id but those that begin like a run's ids; each condition is one stretch of the index."""
    spans = sorted((ids.query["$gte"], ids.query["$lt"]) for ids in known)
    bounds = [("", ""), *spans]
    between = [{"_id": {"$gte": end, "$lt": begin}} for (_, end), (begin, _) in pairwise(bounds)]
    return [{"_id": {"$not": {"$type": "string"}}}, *between, {"_id": {"$gte": bounds[-1][1]}}]
