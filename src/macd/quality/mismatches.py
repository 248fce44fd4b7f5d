"""Compares the collection of payment mismatches with those that a run was asked for."""

from __future__ import annotations

from typing import NamedTuple

from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.producer.manifest import Manifest
from macd.producer.sales import Kind, Sale
from macd.quality.documents import dollars, money
from macd.quality.report import LISTED, Listing
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
        prefix = self._run.order_ids.prefix.decode()
        # All ids of a run begin alike and go on in hexadecimal.
        self._mine = {"_id": {"$gte": prefix, "$lt": f"{prefix}g"}}

    def count(self) -> int:
        """How many are there; done once they are as many as `planned`."""
        return self._stored.count_documents(self._mine)

    def compare(self) -> Listed:
        """Looks at each document; goes through the run's sales once when there is anything to compare."""
        documents = {found["_id"]: found for found in self._stored.find(self._mine, batch_size=IDS_PER_QUERY)}
        if not documents:
            return Listed(0, Listing())
        mismatched = (sale for sale in self._run.sales() if sale.kind is Kind.MISMATCHED)
        right = {
            sale.order.order_id for sale in mismatched if _is_right(sale, documents.get(sale.order.order_id))
        }
        wrong = sorted(documents.keys() - right)
        return Listed(len(right), Listing(count=len(wrong), first=tuple(wrong[:LISTED])))


def _is_right(sale: Sale, document: Document | None) -> bool:
    if document is None or sale.payment is None:
        return False
    total, paid = dollars(sale.order.total_cents), dollars(sale.payment.amount_cents)
    found = [money(document.get(name)) for name in ("order_total", "payment_amount", "difference")]
    return found == [total, paid, paid - total] and document.get("payment_id") == sale.payment.payment_id
