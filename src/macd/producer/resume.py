"""Starts a run, or finds out what an earlier attempt of it has already put on the topics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from macd.clients.records import Position, RecordReader, RecordSource
from macd.errors import RequestRejected, SpecError
from macd.producer.manifest import Manifest, counts_of, offsets
from macd.producer.parameters import SeedParameters, plan_of
from macd.producer.recipe import recipe
from macd.producer.route import Route
from macd.producer.sales import Run
from macd.producer.store import RunStore
from macd.specs.endpoints import KafkaService

# One byte an order; an order's messages are at most two, and a defect should not make the count wrap around.
_MOST_COUNTED = 255


class Present(NamedTuple):
    """How often each order's and payment's message is on its topic, by the order's number."""

    orders: bytearray
    payments: bytearray


def begin(
    store: RunStore,
    run_id: str,
    parameters: SeedParameters,
    ends: Callable[[], tuple[Position, ...]],
    now: datetime,
) -> Manifest:
    """The manifest of a new or an earlier start; SpecError when that one had other parameters."""
    found = store.load(run_id) or store.begin(_first(run_id, parameters, ends(), now))
    if found.parameters != parameters:
        raise SpecError(
            f"Run '{run_id}' exists with other parameters ({_difference(found.parameters, parameters)}).",
            remedy="Repeat it with the same parameters, or give the new run an id of its own.",
        )
    return found


def earlier_records(
    service: KafkaService, start: Iterable[Position], source: RecordSource | None = None
) -> RecordReader:
    """Reads what earlier attempts have put on the topics.

    RequestRejected when a topic no longer holds all that it held since then: what is gone could not be told
    from what was never sent, and the join may have read it.
    """
    return RecordReader(service, start, source, exhaustive=True)


def count_present(
    run: Run, route: Route, batches: Iterable[list[Any]], before: Present | None = None
) -> Present:
    """Counts the run's messages among everything read from the two topics, besides those of `before`."""
    present = before or Present(bytearray(run.parameters.orders), bytearray(run.parameters.orders))
    known = {
        route.orders_topic: (run.order_ids, present.orders),
        route.payments_topic: (run.payment_ids, present.payments),
    }
    for record in (record for batch in batches for record in batch):
        ids, seen = known[record.topic()]
        number = ids.number(record.key())
        if number is not None and seen[number] < _MOST_COUNTED:
            seen[number] += 1
    return present


def check_still_there(manifest: Manifest, ends: Iterable[Position]) -> None:
    """A complete run's topics can only have grown; RequestRejected when they were created anew."""
    now = {(at.topic, at.partition): at.offset for at in ends}
    for at in manifest.end_offsets:
        if now.get((at.topic, at.partition), 0) < at.offset:
            raise RequestRejected(
                "Kafka",
                f"topic {at.topic} is shorter than run '{manifest.run_id}' left it.",
                remedy="It was created anew; start a new run.",
            )


def _first(run_id: str, parameters: SeedParameters, ends: tuple[Position, ...], now: datetime) -> Manifest:
    return Manifest(
        run_id=run_id,
        parameters=parameters,
        recipe=recipe(),
        as_of=int(now.timestamp() * 1000),
        # MongoDB keeps no microseconds, and the manifest read back should equal the one that was stored.
        started_at=now.replace(microsecond=0),
        counts=counts_of(plan_of(parameters)),
        start_offsets=offsets(ends),
    )


def _difference(before: SeedParameters, after: SeedParameters) -> str:
    old, new = before.model_dump(), after.model_dump()
    return ", ".join(f"{name} {old[name]}, now {new[name]}" for name in old if old[name] != new[name])
