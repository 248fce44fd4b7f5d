"""What is kept of a seeding run, so that a retry can resume it and a check can verify it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from macd.clients.mongodb import Document
from macd.clients.records import Position
from macd.errors import RunNotReproducible
from macd.producer.ids import IdSpace
from macd.producer.parameters import Plan, RunId, SeedParameters, plan_of
from macd.producer.recipe import FIRST, recipe
from macd.producer.sales import Run, Sale, order_ids


class Frozen(BaseModel):
    """Base of the stored models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PartitionOffset(Frozen):
    """The next offset of a partition at some moment. A list of these, since topic names may hold dots."""

    topic: str
    partition: int
    offset: int


class Counts(Frozen):
    """How many orders are of which kind. `payments` are messages, duplicates included."""

    orders: int
    payments: int
    paid: int
    unpaid: int
    mismatched: int
    outside_window: int
    duplicated: int
    expected: int


class Totals(Frozen):
    """Money in US cents; a payment sent twice counts once."""

    order_cents: int
    payment_cents: int


class Acknowledged(Frozen):
    """Messages that Kafka has acknowledged, over all attempts."""

    orders: int = 0
    payments: int = 0


class LeaseNote(Frozen):
    """Who produces a run, and when it last said so, by the clock of the MongoDB server."""

    owner: str
    since: datetime
    renewed_at: datetime


class Manifest(Frozen):
    """One seeding run. `as_of` is its first start in epoch milliseconds; every record follows from it, by
    the `recipe` of the package that began the run.

    `start_offsets` holds where each topic of the route ended before the first message, `end_offsets` where
    the two written topics ended after the last. `duration_s` and `messages_per_s` are the last attempt's.
    `attempt` counts the producers that have taken the run, `lease` is the one at work (producer/lease.py),
    and `asked_at` when somebody last wanted to be.
    """

    run_id: RunId
    parameters: SeedParameters
    recipe: str = FIRST
    as_of: int
    status: Literal["started", "complete"] = "started"
    attempt: int = 0
    lease: LeaseNote | None = None
    asked_at: datetime | None = None
    started_at: datetime
    completed_at: datetime | None = None
    counts: Counts
    totals: Totals | None = None
    acknowledged: Acknowledged = Acknowledged()
    start_offsets: tuple[PartitionOffset, ...]
    end_offsets: tuple[PartitionOffset, ...] = ()
    duration_s: float | None = None
    messages_per_s: float | None = None

    @property
    def run(self) -> Run:
        """The run, from which its records are generated again; RunNotReproducible if they were others."""
        self.check_reproducible()
        return self._run

    def check_reproducible(self) -> None:
        """Raises RunNotReproducible when this package would make other records than the run's."""
        if self.recipe != recipe():
            raise RunNotReproducible(
                f"Run '{self.run_id}' was made by recipe {self.recipe}, and this package makes {recipe()}.",
                remedy="Use the version of the package that began it, or seed a new run; retention still "
                "deletes this one if it has passed.",
            )
        if self.counts != counts_of(plan_of(self.parameters)):
            raise self._changed("counts", self.counts, counts_of(plan_of(self.parameters)))

    @property
    def order_ids(self) -> IdSpace:
        """The ids of its orders, which are the same in every recipe."""
        return self._run.order_ids

    def sales(self) -> Iterator[Sale]:
        """Every sale; RunNotReproducible behind the last when their money is not what was produced."""
        order_cents = payment_cents = 0
        for sale in self.run.sales():
            order_cents += sale.order.total_cents
            payment_cents += sale.payment.amount_cents if sale.payment else 0
            yield sale
        found = Totals(order_cents=order_cents, payment_cents=payment_cents)
        if self.totals not in (None, found):
            raise self._changed("totals", self.totals, found)

    @property
    def _run(self) -> Run:
        return Run(self.run_id, self.parameters, self.as_of)

    def _changed(self, field: str, kept: Frozen | None, made: Frozen) -> RunNotReproducible:
        return RunNotReproducible(
            f"The {field} of run '{self.run_id}' are {kept} in its manifest, and its records make {made}.",
            remedy=f"See who changed {field} in its document in the collection seeding_runs; seed a new run "
            "if it cannot be put right.",
        )

    def start_of(self, topics: Collection[str | None]) -> tuple[Position, ...]:
        """Where to begin reading `topics` so as to see all of this run's records.

        A topic that was not there before the first message is read from its beginning.
        """
        known = positions(at for at in self.start_offsets if at.topic in topics)
        later = {topic for topic in topics if topic} - {at.topic for at in known}
        return known + tuple(Position(topic, 0, 0) for topic in sorted(later))

    def to_mongo(self) -> dict[str, Any]:
        """The manifest as a document; `_id` is the run id."""
        return {"_id": self.run_id, **self.model_dump(exclude={"run_id"})}

    @classmethod
    def from_mongo(cls, document: dict[str, Any]) -> Manifest:
        """The manifest in a document written by `to_mongo`."""
        fields = dict(document)
        return cls(run_id=fields.pop("_id"), **fields)


def counts_of(plan: Plan) -> Counts:
    """The counts as they are stored."""
    return Counts(
        orders=plan.orders,
        payments=plan.payments,
        paid=plan.paid,
        unpaid=plan.unpaid,
        mismatched=plan.mismatched,
        outside_window=plan.outside_window,
        duplicated=plan.duplicated,
        expected=plan.expected,
    )


def offsets(found: Iterable[Position]) -> tuple[PartitionOffset, ...]:
    """Positions as they are stored, in order of topic and partition."""
    return tuple(
        PartitionOffset(topic=at.topic, partition=at.partition, offset=at.offset) for at in sorted(found)
    )


def positions(stored: Iterable[PartitionOffset]) -> tuple[Position, ...]:
    """The reverse of `offsets`."""
    return tuple(Position(at.topic, at.partition, at.offset) for at in stored)


def ids_told_by(document: Document) -> IdSpace | None:
    """The ids of a run's orders, of which a damaged manifest tells as much as the seed; None without one."""
    parameters = document.get("parameters")
    seed = parameters.get("seed") if isinstance(parameters, dict) else None
    return order_ids(str(document["_id"]), seed, 0) if isinstance(seed, int) else None
