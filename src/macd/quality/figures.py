"""The numbers of one run's reconciliation; include/checks/*.yaml refers to them by name.

Imports nothing of macd.specs, which imports FIGURE_NAMES from here.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Figures(BaseModel):
    """Counts of orders unless a name says otherwise; money in US cents.

    An order is *expected* in MongoDB when it was paid within the join's window. Every expected order is
    exactly one of stored, dead-lettered or missing; every missing one counts once under `missing_not_*`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders_produced: int = Field(0, description="Orders that the run's parameters ask for.")
    payments_produced: int = Field(0, description="Payment messages that they ask for, duplicates included.")
    orders_acknowledged: int = Field(0, description="Order messages that Kafka acknowledged.")
    payments_acknowledged: int = Field(0, description="Payment messages that Kafka acknowledged.")
    orders_expected: int = Field(0, description="Orders paid within the window: these have to be in MongoDB.")
    messages_missing: int = Field(
        0, description="Acknowledged messages that the source topics lost although they keep those offsets."
    )
    offsets_expired: int = Field(
        0, description="Offsets of the run that the source topics no longer keep; as many are not missed."
    )
    orders_joined: int = Field(0, description="Expected orders found in the joined topic.")
    pairs_expected: int = Field(0, description="Order-payment pairs that the join has to give.")
    pairs_joined: int = Field(0, description="Pairs found in the joined topic for expected orders.")
    pairs_missing: int = Field(0, description="Expected pairs that are not in the joined topic.")
    orders_stored: int = Field(0, description="Expected orders found in MongoDB.")
    orders_dead_lettered: int = Field(0, description="Expected orders in the dead-letter topic only.")
    orders_accounted: int = Field(0, description="Stored or dead-lettered.")
    orders_missing: int = Field(0, description="Expected orders neither stored nor dead-lettered.")
    missing_not_acknowledged: int = Field(0, description="Missing: order or payment never acknowledged.")
    missing_not_on_topic: int = Field(0, description="Missing: acknowledged, but not on the topic any more.")
    missing_not_joined: int = Field(0, description="Missing: on both topics, but not joined.")
    missing_not_stored: int = Field(0, description="Missing: joined, neither stored nor dead-lettered.")
    orders_duplicate: int = Field(0, description="Orders joined more often than their payments were sent.")
    orders_unexpected: int = Field(0, description="Unpaid or late-paid orders joined or stored.")
    documents_unordered: int = Field(
        0, description="Documents with this run's ids beside the one that each of its orders may have."
    )
    pairs_unordered: int = Field(
        0, description="Records of the joined topic with ids of this run that none of its orders has."
    )
    orders_altered: int = Field(0, description="Stored orders with a field that differs.")
    mismatches_planned: int = Field(0, description="Orders whose payment differs from the total on purpose.")
    mismatches_stored: int = Field(0, description="Stored orders whose payment differs from their total.")
    mismatches_unplanned: int = Field(0, description="Stored orders mismatched against the plan, either way.")
    mismatches_listed: int = Field(
        0, description="Mismatched orders in payment_mismatches as they should be."
    )
    mismatches_listed_wrong: int = Field(
        0, description="This run's orders there that differ or do not belong."
    )
    revenue_cells_expected: int = Field(0, description="Hours x payment methods in which this run sold.")
    revenue_cells_wrong: int = Field(0, description="Of those, whose figures in hourly_revenue are wrong.")
    order_cents_expected: int = Field(0, description="Sum of the totals of all expected orders, in cents.")
    order_cents_stored: int = Field(0, description="Sum of order_total over the stored ones, in cents.")
    payment_cents_expected: int = Field(0, description="Sum of the expected orders' payments, in cents.")
    payment_cents_stored: int = Field(0, description="Sum of payment_amount over the stored ones, in cents.")


FIGURE_NAMES = frozenset(Figures.model_fields)
# Figures that only a connector that stores such documents can give.
STORED_FIGURES = {
    "mismatches_listed": "payment_mismatches",
    "mismatches_listed_wrong": "payment_mismatches",
    "revenue_cells_expected": "hourly_revenue",
    "revenue_cells_wrong": "hourly_revenue",
}
