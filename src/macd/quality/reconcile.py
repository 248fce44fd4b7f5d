"""Matches what a run produced with what arrived, order by order."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from macd.clients.mongodb import Document
from macd.producer.manifest import Manifest
from macd.producer.route import Route
from macd.producer.sales import Kind, Sale
from macd.quality.documents import cents, differences, money, shown
from macd.quality.figures import Figures
from macd.quality.report import (
    LISTED,
    MISSING_LISTED,
    AlteredOrder,
    DeadLetter,
    DuplicateOrder,
    Hop,
    Listing,
    Located,
    Mismatch,
    MissingOrder,
    Samples,
    UnexpectedOrder,
)
from macd.quality.sources import OnSources
from macd.quality.takings import Takings
from macd.quality.watch import IDS_PER_QUERY, batched

ItemT = TypeVar("ItemT")
Find = Callable[[list[str]], Iterable[Document]]
# Kafka Connect may quote the whole record in its reason.
_REASON_CHARACTERS = 1_000
_HOP_FIGURES = {
    Hop.NOT_ACKNOWLEDGED: "missing_not_acknowledged",
    Hop.NOT_ON_TOPIC: "missing_not_on_topic",
    Hop.NOT_JOINED: "missing_not_joined",
    Hop.NOT_STORED: "missing_not_stored",
}


class Seen(NamedTuple):
    """What was read behind the join: pairs by the order's number, and reasons of the dead letters.

    `unordered` counts the records of the joined topic by keys of the run that none of its orders has.
    """

    joined: bytearray
    dead_letters: dict[int, str]
    unordered: Mapping[bytes, int] = MappingProxyType({})


class Outcome(NamedTuple):
    """The result of a reconciliation; `takings` are what the run has to have sold, by hour and method."""

    figures: Figures
    samples: Samples
    takings: Takings


def reconcile(manifest: Manifest, route: Route, seen: Seen, find: Find, sources: OnSources) -> Outcome:
    """Compares every sale with what was seen on the topics and with what `find` gives for order ids."""
    ledger = _Ledger(route, seen, sources)
    for sales in batched(manifest.run.sales(), IDS_PER_QUERY):
        documents = {document["_id"]: document for document in find([sale.order.order_id for sale in sales])}
        for sale in sales:
            ledger.book(sale, documents.get(sale.order.order_id))
    _attribute(ledger, manifest)
    lost = _lost(manifest, ledger)
    samples = ledger.samples().model_copy(update={"lost": lost})
    return Outcome(_figures(manifest, ledger, lost.count), samples, ledger.takings)


class Found(Generic[ItemT]):
    """Counts all and keeps the first `most`."""

    def __init__(self, most: int = LISTED) -> None:
        self.most = most
        self.count = 0
        self.first: list[ItemT] = []

    def add(self, item: Callable[[], ItemT]) -> None:
        """Counts one, and makes it when it is to be kept."""
        self.count += 1
        if len(self.first) < self.most:
            self.first.append(item())


class _Ledger:
    """Running totals over the sales of a run."""

    def __init__(self, route: Route, seen: Seen, sources: OnSources) -> None:
        self.route = route
        self.seen = seen
        self.sources = sources
        self.lost: dict[str, Found[Located]] = {topic: Found() for topic in route.sources}
        self.numbers: Counter[str] = Counter()
        self.takings = Takings()
        self.missing_numbers = array("L")
        self.missing: Found[MissingOrder] = Found(MISSING_LISTED)
        self.duplicate: Found[DuplicateOrder] = Found()
        self.unexpected: Found[UnexpectedOrder] = Found()
        self.altered: Found[AlteredOrder] = Found()
        self.dead_lettered: Found[DeadLetter] = Found()
        self.mismatched: Found[Mismatch] = Found()

    def book(self, sale: Sale, document: Document | None) -> None:
        self._book_messages(sale)
        if sale.pairs == 0:
            return self._book_unwanted(sale, document)
        self._book_pairs(sale)
        if document is not None:
            return self._book_document(sale, document)
        if sale.number in self.seen.dead_letters:
            reason = shown(self.seen.dead_letters[sale.number], _REASON_CHARACTERS)
            return self.dead_lettered.add(lambda: DeadLetter(order_id=sale.order.order_id, reason=reason))
        self.missing_numbers.append(sale.number)
        return None

    def _book_messages(self, sale: Sale) -> None:
        orders, payments = self.sources.present
        sent = (1 - orders[sale.number], sale.copies - payments[sale.number])
        for topic, lost in zip(self.route.sources, sent, strict=True):
            for _ in range(lost):
                self.lost[topic].add(partial(Located, order_id=sale.order.order_id, where=topic))

    def samples(self) -> Samples:
        """The lists as they are reported."""
        lists: dict[str, Found[Any]] = {
            "missing": self.missing,
            "duplicate": self.duplicate,
            "unexpected": self.unexpected,
            "altered": self.altered,
            "dead_lettered": self.dead_lettered,
            "mismatched": self.mismatched,
        }
        return Samples(
            **{name: Listing(count=found.count, first=tuple(found.first)) for name, found in lists.items()}
        )

    def _book_unwanted(self, sale: Sale, document: Document | None) -> None:
        places = []
        if self.seen.joined[sale.number]:
            places.append(self.route.joined_topic)
        if document is not None:
            places.append(self.route.collection)
        if places:
            self.unexpected.add(
                lambda: UnexpectedOrder(
                    order_id=sale.order.order_id, kind=sale.kind.value, where=tuple(places)
                )
            )

    def _book_pairs(self, sale: Sale) -> None:
        joined = self.seen.joined[sale.number]
        payment_cents = sale.payment.amount_cents if sale.payment else 0
        self.numbers["pairs_expected"] += sale.pairs
        self.numbers["pairs_joined"] += joined
        self.numbers["pairs_missing"] += max(0, sale.pairs - joined)
        self.numbers["orders_joined"] += joined > 0
        self.numbers["order_cents_expected"] += sale.order.total_cents
        self.numbers["payment_cents_expected"] += payment_cents
        self.takings.add(sale)
        if joined > sale.pairs:
            self.duplicate.add(
                lambda: DuplicateOrder(order_id=sale.order.order_id, expected=sale.pairs, joined=joined)
            )

    def _book_document(self, sale: Sale, document: Document) -> None:
        self.numbers["orders_stored"] += 1
        self.numbers["order_cents_stored"] += cents(document.get("order_total")) or 0
        self.numbers["payment_cents_stored"] += cents(document.get("payment_amount")) or 0
        found = differences(sale, document)
        if found:
            self.altered.add(lambda: AlteredOrder(order_id=sale.order.order_id, differences=found))
        total, paid = money(document.get("order_total")), money(document.get("payment_amount"))
        planned = sale.kind is Kind.MISMATCHED
        if total != paid:
            self.mismatched.add(
                lambda: Mismatch(
                    order_id=sale.order.order_id,
                    order_total=shown(total),
                    payment_amount=shown(paid),
                    planned=planned,
                )
            )
        self.numbers["mismatches_unplanned"] += (total != paid) != planned


def _attribute(ledger: _Ledger, manifest: Manifest) -> None:
    order_id = manifest.run.order_ids.maker()
    for number in ledger.missing_numbers:
        hop, where = _hop(number, manifest, ledger)
        ledger.numbers[_HOP_FIGURES[hop]] += 1
        ledger.missing.add(partial(MissingOrder, order_id=order_id(number), hop=hop, where=where))


def _hop(number: int, manifest: Manifest, ledger: _Ledger) -> tuple[Hop, str]:
    """The hop that lost an order: the first behind the last place where it is seen."""
    route, present = ledger.route, ledger.sources.present
    if ledger.seen.joined[number]:
        return Hop.NOT_STORED, route.collection
    for topic, messages in ((route.orders_topic, present.orders), (route.payments_topic, present.payments)):
        if not messages[number]:
            acknowledged = manifest.status == "complete"
            return (Hop.NOT_ON_TOPIC if acknowledged else Hop.NOT_ACKNOWLEDGED), topic
    return Hop.NOT_JOINED, route.joined_topic


def _lost(manifest: Manifest, ledger: _Ledger) -> Listing[Located]:
    """The messages that Kafka acknowledged and that are gone.

    Whose message an expired offset held nobody knows, so as many are taken for expired, at least.
    """
    counts, acknowledged, expired = manifest.counts, manifest.acknowledged, ledger.sources.expired
    never_sent = (0, 0)
    if manifest.status != "complete":
        never_sent = (counts.orders - acknowledged.orders, counts.payments - acknowledged.payments)
    lost = [
        max(0, ledger.lost[topic].count - unsent - expired.get(topic, 0))
        for topic, unsent in zip(ledger.route.sources, never_sent, strict=True)
    ]
    first = [
        each
        for topic, count in zip(ledger.lost, lost, strict=True)
        if count
        for each in ledger.lost[topic].first
    ]
    return Listing(count=sum(lost), first=tuple(first[:LISTED]))


def _figures(manifest: Manifest, ledger: _Ledger, lost: int) -> Figures:
    counts, stored = manifest.counts, ledger.numbers["orders_stored"]
    return Figures(
        orders_produced=counts.orders,
        payments_produced=counts.payments,
        orders_acknowledged=manifest.acknowledged.orders,
        payments_acknowledged=manifest.acknowledged.payments,
        messages_missing=lost,
        offsets_expired=sum(ledger.sources.expired.values()),
        orders_expected=counts.expected,
        orders_dead_lettered=ledger.dead_lettered.count,
        orders_accounted=stored + ledger.dead_lettered.count,
        orders_missing=len(ledger.missing_numbers),
        orders_duplicate=ledger.duplicate.count,
        orders_unexpected=ledger.unexpected.count,
        orders_altered=ledger.altered.count,
        mismatches_planned=counts.mismatched,
        mismatches_stored=ledger.mismatched.count,
        **ledger.numbers,
    )
