"""What the dashboard answers. Times are UTC; amounts are US dollars as exact decimal strings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from macd.quality.figures import Figures
from macd.quality.report import CheckResult, MissingOrder, Obstacle, Samples

# The longest lists that anybody gets.
MOST_RUNS = 100
MOST_MISMATCHES = 500


class Answer(BaseModel):
    """Base of the answers."""

    model_config = ConfigDict(frozen=True)


class Hour(Answer):
    """The stored orders of one hour, by order_time."""

    hour: datetime = Field(description="Beginning of the hour.")
    orders: int
    revenue: Decimal
    average_basket: Decimal


class Revenue(Answer):
    """Hourly revenue; an hour without orders is listed with zeros."""

    hours: list[Hour]


class PaymentMethod(Answer):
    """The stored payments of one method."""

    method: str
    payments: int
    amount: Decimal


class PaymentMethods(Answer):
    """Payments by method, the largest amount first."""

    methods: list[PaymentMethod]


class RunSummary(Answer):
    """A seeding run and what is known of its reconciliation."""

    run_id: str
    status: Literal["started", "complete"]
    started_at: datetime
    completed_at: datetime | None
    orders: int = Field(description="Orders that the run produced.")
    expected: int = Field(description="Orders that have to be in MongoDB.")
    stored: int | None = Field(description="Orders found there; null before the first verification.")
    verdict: Literal["passed", "warned", "failed", "unverified"]
    verified_at: datetime | None
    broken: list[str] = Field(description="Names of the checks that did not hold.")
    obstacle: Obstacle | None = Field(
        None, description="Why it could not be verified; then there are no figures."
    )


class Runs(Answer):
    """The latest runs, newest first."""

    runs: list[RunSummary]

    def first(self, limit: int) -> Runs:
        """The newest of them."""
        return Runs(runs=self.runs[:limit])


class RunDetail(RunSummary):
    """One run with its figures, checks and the first orders of each list; null before a verification."""

    figures: Figures | None
    checks: list[CheckResult]
    samples: Samples | None


class MissingOrders(Answer):
    """Some of a run's missing orders, each with the hop that lost it."""

    count: int = Field(description="How many are missing.")
    listed: int = Field(description="How many of them the report names.")
    orders: list[MissingOrder]

    def part(self, offset: int, limit: int) -> MissingOrders:
        """The same with some of the orders only."""
        return self.model_copy(update={"orders": self.orders[offset : offset + limit]})


class PaymentMismatch(Answer):
    """A stored order that was not paid its total."""

    order_id: str
    order_time: datetime
    payment_method: str
    order_total: Decimal
    payment_amount: Decimal
    difference: Decimal = Field(description="Paid minus total.")


class PaymentMismatches(Answer):
    """The newest mismatches; `truncated` says that there are more."""

    mismatches: list[PaymentMismatch]
    truncated: bool

    def first(self, limit: int) -> PaymentMismatches:
        """The newest of them."""
        truncated = self.truncated or len(self.mismatches) > limit
        return PaymentMismatches(mismatches=self.mismatches[:limit], truncated=truncated)


class Alert(Answer):
    """An incident: what is, or was, wrong."""

    id: str
    subject: str
    check: str
    severity: Literal["fail", "warn"]
    message: str
    next_step: str
    examples: list[str]
    run_id: str | None
    opened_at: datetime
    closed_at: datetime | None


class Alerts(Answer):
    """What is wrong now first, then what was, newest first; at most 200 and 50 of them."""

    open: int = Field(description="How many are wrong now, listed or not.")
    alerts: list[Alert]


class Problem(Answer):
    """Why a question could not be answered, and what to do."""

    error: str
    remedy: str
