"""Compares the collection of hourly revenue with what the runs have sold.

An hour adds up all runs, so one run alone only says what the least is that has to be there. Once every run
that can have sold in these hours is noted (`TakingsBook`), their sum is exactly what has to be there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from bson import Int64
from pymongo.collection import Collection

from macd.clients.mongodb import Document
from macd.producer.sales import HOUR_MS
from macd.producer.store import RunStore
from macd.quality.documents import Other, cents, dollars, shown
from macd.quality.report import WrongRevenue
from macd.quality.takings import Amount, Cell, Takings, TakingsBook
from macd.quality.watch import IDS_PER_QUERY, batched

# A run's orders lie in the hour of its first start or at most so many hours before.
_OLDEST_ORDER_H = 31
# Of decimal(18, 2), which include/ksql gives to revenue and average.
_SUM_DIGITS = 18


class Expected(NamedTuple):
    """What has to be in a cell; `exact` unless a run that is not noted yet may add to it."""

    amount: Amount
    exact: bool


class _Labels(NamedTuple):
    hour: datetime | None
    method: str


class HourlyRevenue:
    """The cells in which a run sold something."""

    def __init__(
        self,
        run_id: str,
        takings: Takings,
        book: TakingsBook,
        runs: RunStore,
        stored: Collection[Document],
        *,
        is_joined: bool = True,
    ) -> None:
        self._run_id = run_id
        self._is_joined = is_joined
        self._takings = takings
        self._book = book
        self._runs = runs
        self._stored = stored

    def wrong(self) -> list[WrongRevenue]:
        """The cells whose figures are not what they have to be, by one look."""
        hours = self._takings.hours
        started = range(hours.start * HOUR_MS, (hours.stop + _OLDEST_ORDER_H) * HOUR_MS)
        # In this order: a run that is noted only after the first question counts as not noted.
        noted, total = self._book.runs(started), self._book.total(hours)
        mine, more = self._find()
        begun = self._runs.started(started)
        others = [_hours_of(begun[run]) for run in begun.keys() - noted - {self._run_id}]
        wrong = []
        for cell, own in self._takings:
            expected = self._expected(cell, own, total, noted, others)
            if cell in more or not _fits(cell, expected, mine.get(cell)):
                wrong.append(_shown(cell, expected, [each[cell] for each in (mine, more) if cell in each]))
        return wrong

    def _expected(
        self, cell: Cell, own: Amount, total: Takings, noted: set[str], others: list[range]
    ) -> Expected:
        if self._run_id in noted:
            amount = total[cell]
        elif self._is_joined:
            amount = Amount(*map(sum, zip(total[cell], own, strict=True)))
        else:
            # It may have given less than it sold; what it has given has to be there.
            return Expected(own, exact=False)
        return Expected(amount, exact=not any(cell.hour in hours for hours in others))

    def _find(self) -> tuple[dict[Cell, Document], dict[Cell, Document]]:
        """The document of each cell, and one more that says it were of the cell: both would be added up."""
        cells = {cell.document_id: cell for cell, _ in self._takings}
        labels = {_Labels(each.start, each.method): each for each in cells.values()}
        mine: dict[Cell, Document] = {}
        more: dict[Cell, Document] = {}
        for ids in batched(cells, IDS_PER_QUERY):
            hours = list({cells[each].start for each in ids})
            for document in self._stored.find({"$or": [{"_id": {"$in": ids}}, {"hour": {"$in": hours}}]}):
                own, labelled = cells.get(_text(document["_id"])), labels.get(_labels(document))
                if own is not None:
                    mine[own] = document
                elif labelled is not None:
                    more[labelled] = document
        return mine, more


def _text(value: Any) -> str:
    """Only a text, since others may not do as a key; not even bson.Code, which is one as well."""
    return value if type(value) is str else ""


def _labels(document: Document) -> _Labels:
    hour = document.get("hour")
    return _Labels(hour if isinstance(hour, datetime) else None, _text(document.get("payment_method")))


def _hours_of(as_of: int) -> range:
    """The hours in which a run that began then can have sold something."""
    return range(as_of // HOUR_MS - _OLDEST_ORDER_H, as_of // HOUR_MS + 1)


def _fits(cell: Cell, expected: Expected, document: Document | None) -> bool:
    found, average = (None, None) if document is None else (_amount(document), _average(document))
    if document is None or found is None or average is None:
        return False
    enough = found == expected.amount if expected.exact else _covers(found, expected.amount)
    labels = [document.get("hour"), document.get("payment_method")]
    return enough and labels == [cell.start, cell.method] and found.has_average(average)


def _covers(found: Amount, least: Amount) -> bool:
    return found.orders >= least.orders and found.cents >= least.cents


def _amount(document: Document) -> Amount | None:
    """What is stored, COUNT(*) as an int64 and SUM to the cent; None where either is something else."""
    orders, revenue = document.get("orders"), cents(document.get("revenue"), _SUM_DIGITS)
    return Amount(int(orders), revenue) if type(orders) is Int64 and revenue is not None else None


def _average(document: Document) -> int | None:
    return cents(document.get("average_basket"), _SUM_DIGITS)


def _shown(cell: Cell, expected: Expected, found: list[Document]) -> WrongRevenue:
    least = "" if expected.exact else "at least "
    return WrongRevenue(
        hour=cell.start,
        payment_method=cell.method,
        expected=f"{least}{expected.amount}",
        found="; and in another document ".join(map(_told, found)) or "nothing",
    )


def _told(document: Document) -> str:
    amount, average = _amount(document), _average(document)
    if amount is not None and average is not None:
        labels = f"{shown(document.get('hour'))} {shown(document.get('payment_method'))}"
        return f"{amount}, on average {dollars(average)}, labelled {labels}"
    fields = ("orders", "revenue", "average_basket")
    return ", ".join(f"{name} {shown(Other(document.get(name)))}" for name in fields)
