"""The outcome of a run's reconciliation: figures, checks, and the orders behind them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict
from pymongo import DESCENDING
from pymongo.database import Database

from macd.clients.mongodb import Document, read_document, readable
from macd.errors import RunNotFound
from macd.quality.figures import Figures

COLLECTION = "quality_reports"
LISTED = 20
# Of the missing ones as many as a page can go through: a report stays far below the size of a document.
MISSING_LISTED = 1_000
ItemT = TypeVar("ItemT")


class Frozen(BaseModel):
    """Base of the stored models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hop(StrEnum):
    """Where a missing order was lost."""

    NOT_ACKNOWLEDGED = "not acknowledged"
    NOT_ON_TOPIC = "not on topic"
    NOT_JOINED = "not joined"
    NOT_STORED = "not stored"


class MissingOrder(Frozen):
    """An expected order that is neither stored nor dead-lettered; `where` is the topic or collection."""

    order_id: str
    hop: Hop
    where: str


class DuplicateOrder(Frozen):
    """An order with more joined pairs than payments were sent."""

    order_id: str
    expected: int
    joined: int


class UnexpectedOrder(Frozen):
    """An order that should not have been joined, and where it turned up nevertheless."""

    order_id: str
    kind: str
    where: tuple[str, ...]


class Located(Frozen):
    """An order's id, and the topic or collection where it was found or is missed."""

    order_id: str
    where: str


class Difference(Frozen):
    """A field of a stored document that is not what was produced."""

    field: str
    expected: str
    found: str


class AlteredOrder(Frozen):
    """A stored order with at least one field that differs."""

    order_id: str
    differences: tuple[Difference, ...]


class DeadLetter(Frozen):
    """An order that the sink could not write, with Kafka Connect's reason."""

    order_id: str
    reason: str


class Mismatch(Frozen):
    """A stored order whose payment differs from its total; `planned` says whether the run asked for it."""

    order_id: str
    order_total: str
    payment_amount: str
    planned: bool


class WrongRevenue(Frozen):
    """An hour's figures of one payment method that are not those of the runs, as "12 orders, 210.55"."""

    hour: datetime
    payment_method: str
    expected: str
    found: str


class Listing(Frozen, Generic[ItemT]):
    """How many there are, and the first of them: 20, and 1,000 of the missing ones."""

    count: int = 0
    first: tuple[ItemT, ...] = ()


class Samples(Frozen):
    """The orders behind the figures."""

    missing: Listing[MissingOrder] = Listing[MissingOrder]()
    duplicate: Listing[DuplicateOrder] = Listing[DuplicateOrder]()
    unexpected: Listing[UnexpectedOrder] = Listing[UnexpectedOrder]()
    lost: Listing[Located] = Listing[Located]()
    unordered: Listing[Located] = Listing[Located]()
    altered: Listing[AlteredOrder] = Listing[AlteredOrder]()
    dead_lettered: Listing[DeadLetter] = Listing[DeadLetter]()
    mismatched: Listing[Mismatch] = Listing[Mismatch]()
    mislisted: Listing[str] = Listing[str]()
    revenue: Listing[WrongRevenue] = Listing[WrongRevenue]()


class CheckResult(Frozen):
    """One check of include/checks against the figures; `expected` reads like "= 500 orders_expected"."""

    name: str
    severity: Literal["fail", "warn"]
    passed: bool
    figure: str
    actual: int
    expected: str
    message: str
    next_step: str


class Obstacle(Frozen):
    """Why a run could not be verified, and what to do about it."""

    reason: str
    remedy: str


class Report(Frozen):
    """What a run produced against what arrived. `settled` is False when the waiting was given up.

    `notes`: why records may be out of sight although they were written. With an `obstacle` nothing was
    compared: it has not passed, and its figures say nothing; `had_passed` is what the last comparison said.
    """

    run_id: str
    passed: bool
    settled: bool
    waited_s: float
    verified_at: datetime
    figures: Figures
    checks: tuple[CheckResult, ...]
    samples: Samples = Samples()
    notes: tuple[str, ...] = ()
    obstacle: Obstacle | None = None
    had_passed: bool = False

    @classmethod
    def without_figures(cls, run_id: str, obstacle: Obstacle) -> Report:
        """The report on a run that could not be verified just now."""
        return cls(
            run_id=run_id,
            passed=False,
            settled=False,
            waited_s=0,
            verified_at=datetime.now(UTC).replace(microsecond=0),
            figures=Figures(),
            checks=(),
            obstacle=obstacle,
        )

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks of severity `fail` that did not hold."""
        return tuple(check for check in self.checks if not check.passed and check.severity == "fail")

    @property
    def verdict(self) -> str:
        """The outcome in one line: what is in MongoDB, and the checks that did not hold."""
        if self.obstacle is not None:
            return f"FAILED run {self.run_id}: it could not be verified. {self.obstacle.reason}"
        figures = self.figures
        stored = f"{figures.orders_stored:,} of {figures.orders_expected:,} expected orders are in MongoDB"
        broken = ", ".join(check.name for check in self.checks if not check.passed)
        return (
            f"{'PASSED' if self.passed else 'FAILED'} run {self.run_id}: {stored}; "
            f"{f'not held: {broken}' if broken else f'{len(self.checks)} of {len(self.checks)} checks hold'}"
        )

    def with_notes(self, notes: tuple[str, ...]) -> Report:
        """What may be behind the figures; nothing for a run that has arrived."""
        return self if self.settled else self.model_copy(update={"notes": notes})

    def render_text(self) -> str:
        """Plain text tables for a task log or a terminal."""
        # Here, because the renderer needs the models above.
        from macd.quality.render import render

        return render(self)

    def to_mongo(self) -> Document:
        """The report as a document; `_id` is the run id."""
        return {"_id": self.run_id, **_plain(self.model_dump(exclude={"run_id"}))}

    @classmethod
    def from_mongo(cls, document: Document) -> Report:
        """The report in a document written by `to_mongo`."""
        fields = dict(document)
        return cls(run_id=fields.pop("_id"), **fields)


class ReportStore:
    """The collection `quality_reports`: the latest report of each run."""

    def __init__(self, database: Database[Document]) -> None:
        self._reports = database[COLLECTION]

    def save(self, report: Report) -> Report:
        """Replaces the run's report; returns it as it is stored."""
        if report.obstacle is not None:
            before = self._reports.find_one({"_id": report.run_id}) or {}
            report = report.model_copy(update={"had_passed": passed_last(before)})
        self._reports.replace_one({"_id": report.run_id}, report.to_mongo(), upsert=True)
        return report

    def delete(self, run_id: str) -> None:
        """Takes the run's report away."""
        self._reports.delete_one({"_id": run_id})

    def get(self, run_id: str) -> Report:
        """The run's latest report; RunNotFound when it was never verified."""
        found = self._reports.find_one({"_id": run_id})
        if found is None:
            raise RunNotFound(
                f"Run '{run_id}' was never verified.", remedy=f"Verify it first (`macd verify {run_id}`)."
            )
        return read_document(found, Report.from_mongo, COLLECTION)

    def recent(self, limit: int = 20) -> list[Report]:
        """The reports made last, newest first."""
        found = self._reports.find().sort("verified_at", DESCENDING).limit(limit)
        return list(readable(found, Report.from_mongo, COLLECTION))


def passed_last(stored: Document) -> bool:
    """Whether the run of a report, readable or not, passed when it could last be compared."""
    return stored.get("passed") is True or stored.get("had_passed") is True


def _plain(value: Any) -> Any:
    """BSON knows no enums and no tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value
