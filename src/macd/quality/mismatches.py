"""Compares the collection of payment mismatches with those that a run was asked for."""

from __future__ import annotations

from typing import NamedTuple

from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.producer.manifest import Manifest
from macd.producer.sales import Kind, Sale
from macd.quality.documents import differing, dollars, expected_fields, shown
from macd.quality.report import LISTED, Listing
from macd.quality.unordered import of_run
from macd.quality.watch import IDS_PER_QUERY


class Listed(NamedTuple):
    """How many of a run's orders are there as they should be, and those that differ or do not belong."""

    right: int
    wrong: Listing[str]


class MismatchList:
    """One run's part of the collection."""

    def __init__(self, manifest: Manifest, stored: Collection[Document]) -> None:
        self._run = manifest.run
        self.planned = manifest.counts.mismatched
        self._stored = stored
        self._mine = of_run(manifest)

    def count(self) -> int:
        """How many are there; done once they are as many as `planned`."""
        return self._stored.count_documents(self._mine)

    def compare(self) -> Listed:
        """Looks at each document; goes through the run's sales once when there is anything to compare."""
        found = list(self._stored.find(self._mine, batch_size=IDS_PER_QUERY))
        if not found:
            return Listed(0, Listing())
        # An _id can be anything, some of it not hashable, and some of it (bson.Code) a subclass of str.
        names = [each["_id"] if type(each["_id"]) is str else repr(each["_id"]) for each in found]
        documents = dict(zip(names, found, strict=True))
        mismatched = (sale for sale in self._run.sales() if sale.kind is Kind.MISMATCHED)
        right = {
            sale.order.order_id for sale in mismatched if _is_right(sale, documents.get(sale.order.order_id))
        }
        wrong = sorted(shown(name) for name in names if name not in right)
        return Listed(len(right), Listing(count=len(wrong), first=tuple(wrong[:LISTED])))


def _is_right(sale: Sale, document: Document | None) -> bool:
    if document is None or sale.payment is None:
        return False
    # All that include/ksql/04 lists: the order without its items, and what was paid too little or too much.
    fields = {name: value for name, value in expected_fields(sale).items() if "order_items" not in name}
    fields["difference"] = dollars(sale.payment.amount_cents - sale.order.total_cents)
    return not differing(fields, document)
