"""What the pipeline derives from the joined orders: waits until it has followed, then compares it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from pymongo.collection import Collection
from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.producer.manifest import Manifest
from macd.producer.store import RunStore
from macd.quality.hourly import HourlyRevenue
from macd.quality.mismatches import MismatchList
from macd.quality.reconcile import Outcome
from macd.quality.report import LISTED, Listing, WrongRevenue
from macd.quality.takings import TakingsBook
from macd.specs.models import PipelineSpec, Stores

_LOOK_EVERY_S = 0.25


class Followed(NamedTuple):
    """How far the derived collections have come.

    `mismatches` (how many are listed) and `amounts` (of the wrong cells) tell a step on the way from none.
    """

    listed: bool
    cells_wrong: int
    mismatches: int = 0
    amounts: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.listed and not self.cells_wrong

    def __str__(self) -> str:
        if self.done:
            return "mismatches and hourly revenue have followed"
        mismatches = "listed" if self.listed else "not all listed yet"
        return f"mismatches {mismatches}, {self.cells_wrong:,} cells of hourly revenue not right yet"


class Derived:
    """The derived collections of a pipeline, as far as it has them, for one reconciled run."""

    def __init__(
        self,
        manifest: Manifest,
        outcome: Outcome,
        pipeline: PipelineSpec,
        topic_id: Callable[[], str],
        database: Database[Document],
    ) -> None:
        self._manifest = manifest
        self._outcome = outcome
        self._pipeline = pipeline
        self._topic_id = topic_id
        self._database = database
        self._looked_at = 0.0
        self._cells: list[WrongRevenue] | None = None

    @property
    def may_follow(self) -> bool:
        """Whether waiting can bring anything: what was not joined is never derived, what should not be is."""
        figures = self._outcome.figures
        return not (figures.pairs_missing or figures.orders_unexpected or figures.pairs_unordered)

    def note(self) -> None:
        """Notes what the run has sold, once its hours were seen right: then others are held to it as well.

        Before, they would be found wrong for what is amiss with this one.
        """
        if self._hourly is not None and self.may_follow and self._cells == []:
            self._book.save(self._manifest.run_id, self._manifest.as_of, self._outcome.takings)

    def look(self, pause: Callable[[float], None] = time.sleep) -> Followed:
        """One look; looks that follow each other closely are a quarter of a second apart."""
        pause(max(0.0, self._looked_at + _LOOK_EVERY_S - time.monotonic()))
        self._looked_at = time.monotonic()
        self._cells = self._hourly.wrong() if self._hourly else []
        amounts = tuple(cell.found for cell in self._cells)
        listed = self._mismatches.count() if self._mismatches else 0
        complete = self._mismatches is None or listed >= self._mismatches.planned
        return Followed(complete, len(amounts), listed, amounts)

    def compare(self) -> Outcome:
        """The outcome with the figures and samples of the derived collections."""
        figures: dict[str, int] = {}
        samples = self._outcome.samples
        if self._mismatches is not None:
            listed = self._mismatches.compare()
            figures |= {"mismatches_listed": listed.right, "mismatches_listed_wrong": listed.wrong.count}
            samples = samples.model_copy(update={"mislisted": listed.wrong})
        if self._hourly is not None:
            # What was seen last is what was waited for: another run may have begun to fill the hours since.
            wrong = self._hourly.wrong() if self._cells is None else self._cells
            figures |= {
                "revenue_cells_expected": len(self._outcome.takings),
                "revenue_cells_wrong": len(wrong),
            }
            listing = Listing[WrongRevenue](count=len(wrong), first=tuple(wrong[:LISTED]))
            samples = samples.model_copy(update={"revenue": listing})
        return self._outcome._replace(
            figures=self._outcome.figures.model_copy(update=figures), samples=samples
        )

    @cached_property
    def _book(self) -> TakingsBook:
        return TakingsBook(self._database, self._topic_id())

    @cached_property
    def _hourly(self) -> HourlyRevenue | None:
        stored = self._collection("hourly_revenue")
        if stored is None:
            return None
        runs = RunStore(self._database)
        sold = self._manifest.run_id, self._outcome.takings
        return HourlyRevenue(*sold, self._book, runs, stored, is_joined=self.may_follow)

    @cached_property
    def _mismatches(self) -> MismatchList | None:
        stored = self._collection("payment_mismatches")
        return None if stored is None else MismatchList(self._manifest, stored)

    def _collection(self, stores: Stores) -> Collection[Document] | None:
        for sink in self._pipeline.connectors:
            if sink.stores == stores:
                return self._database.client[sink.database][sink.collection]
        return None
