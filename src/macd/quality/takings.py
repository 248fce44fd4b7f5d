"""What runs sold by hour and payment method, kept so that hourly figures can be compared with it later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.producer.sales import HOUR_MS, Sale
from macd.quality.documents import dollars

COLLECTION = "run_takings"


class Cell(NamedTuple):
    """One hour (its number since the epoch) and one payment method."""

    hour: int
    method: str

    @property
    def start(self) -> datetime:
        """When the hour began."""
        return datetime.fromtimestamp(self.hour * HOUR_MS // 1000, UTC)

    @property
    def document_id(self) -> str:
        """The cell's _id in MongoDB, as include/ksql composes it."""
        return f"{self.start:%Y-%m-%dT%H} {self.method}"


class Amount(NamedTuple):
    """Orders and their totals in US cents."""

    orders: int
    cents: int

    def has_average(self, average_cents: int) -> bool:
        """Whether that is the average total, rounded to the cent; of two equally near ones either is."""
        return self.orders > 0 and 2 * abs(average_cents * self.orders - self.cents) <= self.orders

    def __str__(self) -> str:
        noun = "order" if self.orders == 1 else "orders"
        return f"{self.orders:,} {noun}, {dollars(self.cents):,}"


class Takings:
    """Sums by cell."""

    def __init__(self) -> None:
        self._orders: Counter[Cell] = Counter()
        self._cents: Counter[Cell] = Counter()

    def add(self, sale: Sale) -> None:
        """Counts a paid sale once, however often its payment is sent."""
        if sale.payment is not None:
            cell = Cell(sale.order.order_time // HOUR_MS, sale.payment.payment_method)
            self.count(cell, Amount(1, sale.order.total_cents))

    def count(self, cell: Cell, amount: Amount) -> None:
        """Adds to a cell."""
        self._orders[cell] += amount.orders
        self._cents[cell] += amount.cents

    def __iter__(self) -> Iterator[tuple[Cell, Amount]]:
        return ((cell, self[cell]) for cell in sorted(self._orders))

    def __getitem__(self, cell: Cell) -> Amount:
        return Amount(self._orders[cell], self._cents[cell])

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def hours(self) -> range:
        """The hours from the first to the last."""
        numbers = [cell.hour for cell in self._orders]
        return range(min(numbers), max(numbers) + 1) if numbers else range(0)


class TakingsBook:
    """The collection `run_takings`: one document for each run all of whose pairs have been joined.

    `topic_id` is that of the joined topic: a topic that was deleted and made again counts from nothing.
    Retention leaves these documents, about 6 kB a run, because the hours that they explain stay too.
    """

    def __init__(self, database: Database[Document], topic_id: str) -> None:
        self._book = database[COLLECTION]
        self._topic_id = topic_id

    def save(self, run_id: str, as_of: int, takings: Takings) -> None:
        """Notes a run with its first start (epoch ms); the same again changes nothing."""
        cells = [
            {"hour": cell.hour, "payment_method": cell.method, **amount._asdict()} for cell, amount in takings
        ]
        hours = {"first_hour": takings.hours.start, "last_hour": takings.hours.stop - 1}
        document = {"_id": run_id, "topic_id": self._topic_id, "as_of": as_of, **hours, "cells": cells}
        self._book.replace_one({"_id": run_id}, document, upsert=True)

    def runs(self, started: range) -> set[str]:
        """The runs that are noted for this topic and began within this time (epoch ms)."""
        within = {"as_of": {"$gte": started.start, "$lt": started.stop}}
        return {
            str(found["_id"]) for found in self._book.find({"topic_id": self._topic_id, **within}, {"_id": 1})
        }

    def total(self, hours: range) -> Takings:
        """The sums over all noted runs within these hours."""
        total = Takings()
        for document in self._overlapping(hours):
            for cell in document["cells"]:
                amount = Amount(cell["orders"], cell["cents"])
                total.count(Cell(cell["hour"], cell["payment_method"]), amount)
        return total

    def _overlapping(self, hours: range) -> Iterable[Document]:
        within = {"first_hour": {"$lt": hours.stop}, "last_hour": {"$gte": hours.start}}
        return self._book.find({"topic_id": self._topic_id, **within})
