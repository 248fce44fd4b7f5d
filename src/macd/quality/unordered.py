"""Finds what has ids of a run and was never ordered: documents, and records of the joined topic."""

from __future__ import annotations

from functools import partial
from itertools import chain, islice
from typing import Any

from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.producer.ids import IdSpace
from macd.producer.manifest import Manifest
from macd.producer.route import Route
from macd.quality.documents import shown
from macd.quality.reconcile import Found, Outcome, Seen
from macd.quality.report import LISTED, Listing, Located
from macd.quality.watch import IDS_PER_QUERY


def of_run(manifest: Manifest) -> dict[str, Any]:
    """The query for all documents with ids of a run: the order's as _id, or a copy under another one."""
    mine = manifest.run.order_ids.query
    return {"$or": [{"_id": mine}, {"order_id": mine}]}


def with_unordered(
    outcome: Outcome, manifest: Manifest, route: Route, seen: Seen, collection: Collection[Document]
) -> Outcome:
    """The outcome with the figures and samples of what nobody ordered.

    A document whose _id is one of the run's orders is that order's, ordered and expected or not.
    """
    documents: Found[Located] = Found()
    for document in collection.find(of_run(manifest), {"order_id": 1}, batch_size=IDS_PER_QUERY):
        if not _is_ordered(document["_id"], manifest.run.order_ids):
            documents.add(partial(_document, document, manifest, route))
    pairs = (_pair(key, route) for key in seen.unordered)
    counts = {"documents_unordered": documents.count, "pairs_unordered": sum(seen.unordered.values())}
    first = tuple(islice(chain(documents.first, pairs), LISTED))
    listing: Listing[Located] = Listing(count=sum(counts.values()), first=first)
    return outcome._replace(
        figures=outcome.figures.model_copy(update=counts),
        samples=outcome.samples.model_copy(update={"unordered": listing}),
    )


def _is_ordered(name: Any, ids: IdSpace) -> bool:
    return type(name) is str and ids.number(name.encode()) is not None


def _document(document: Document, manifest: Manifest, route: Route) -> Located:
    name = document["_id"]
    if type(name) is str and name.startswith(manifest.run.order_ids.prefix.decode()):
        return Located(order_id=shown(name), where=route.collection)
    where = f"{route.collection} under the _id {shown(repr(name))}"
    return Located(order_id=shown(document["order_id"]), where=where)


def _pair(key: bytes, route: Route) -> Located:
    return Located(order_id=shown(key.decode(errors="replace")), where=route.joined_topic)
