"""Produces a seeding run; asked again for the same run it sends only what is not on the topics yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from pymongo.errors import PyMongoError

from macd.clients.mongodb import connected
from macd.clients.records import Position, RecordReader, end_offsets
from macd.clients.registry import SchemaRegistry
from macd.producer.delivery import Delivery
from macd.producer.encoding import Encoder, order_encoder, payment_encoder, registered_id
from macd.producer.lease import Lease
from macd.producer.manifest import Acknowledged, Manifest, Totals, offsets
from macd.producer.parameters import SeedParameters, validated_run_id
from macd.producer.resume import Present, begin, check_still_there, count_present, earlier_records
from macd.producer.route import Route, route_of
from macd.producer.sales import Order, Payment
from macd.producer.store import RunStore
from macd.rescue.outage import through_outages
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

RUN_ID_HEADER = "macd_run_id"
Progress = Callable[[str], None]
# Seconds between two lines of progress.
_REPORT_EVERY_S = 5.0


class Encoders(NamedTuple):
    """How to write the two kinds of value."""

    order: Encoder[Order]
    payment: Encoder[Payment]


def seed_run(
    run_id: str,
    parameters: SeedParameters,
    pipeline: PipelineSpec,
    services: Services,
    progress: Progress = lambda _: None,
) -> Manifest:
    """Produces the run and returns its complete manifest. Calling it again never adds a message twice.

    A service that goes away is waited for, and the run then goes on with what is not on the topics yet. One
    producer at a time is at work on a run: another one waits for its end, or for its lease to run out.

    Raises DeliveryFailed when Kafka did not acknowledge every message or another producer has taken over,
    DeadlineExceeded when another one is at work, SpecError when the run exists with other parameters or a
    schema is not registered, ServiceError when a service cannot be used.
    """
    validated_run_id(run_id)
    return through_outages(lambda: _seed(run_id, parameters, pipeline, services, progress), progress)


class Seeder(NamedTuple):
    """One attempt at a run, and what it takes: the book of runs, the way of the records, and Kafka."""

    store: RunStore
    route: Route
    encoders: Encoders
    ends: Callable[[Collection[str]], tuple[Position, ...]]
    read: Callable[[Iterable[Position]], RecordReader]
    deliver: Callable[..., Delivery]
    say: Progress
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, run_id: str, parameters: SeedParameters) -> Manifest:
        """The complete manifest, whoever completed it."""
        now = datetime.now(UTC)
        manifest = begin(self.store, run_id, parameters, lambda: self.ends(self.route.topics), now)
        lease = Lease(self.store, manifest, self.clock)
        if manifest.status == "started":
            manifest.check_reproducible()
            manifest = lease.take(self.say, self.sleep)
        if manifest.status == "complete":
            check_still_there(manifest, self.ends(self.route.sources))
            self.say(f"Run '{run_id}' is complete already; nothing to send.")
            return manifest
        return self._send(lease, self._present(lease))

    def _present(self, lease: Lease) -> Present:
        """What is on the topics already. Nothing has been sent yet, so nobody has to wait if this fails."""
        run, start = lease.manifest.run, lease.manifest.start_of(self.route.sources)
        try:
            with self.read(start) as reader:
                present = count_present(run, self.route, lease.keeping(reader.drain()))
            lease.keep()
            return present
        except BaseException:
            lease.free()
            raise

    def _send(self, lease: Lease, present: Present) -> Manifest:
        began = self.clock()
        delivery = self.deliver(say=self.say, keep=lease.keep)
        try:
            totals = produce(lease.manifest, self.route, present, self.encoders, delivery, self.say)
            return self._complete(lease, present, delivery, totals, self.clock() - began)
        except BaseException:
            self._give_up(lease, present, delivery)
            raise

    def _complete(
        self, lease: Lease, present: Present, delivery: Delivery, totals: Totals, duration_s: float
    ) -> Manifest:
        complete = self.store.note(
            lease.manifest,
            status="complete",
            lease=None,
            completed_at=datetime.now(UTC).replace(microsecond=0),
            totals=totals,
            acknowledged=acknowledged(present, delivery, self.route),
            end_offsets=offsets(self.ends(self.route.sources)),
            duration_s=round(duration_s, 3),
            messages_per_s=round(delivery.sent / duration_s, 1),
        )
        if complete is None:
            raise lease.lost()
        return complete

    def _give_up(self, lease: Lease, present: Present, delivery: Delivery) -> None:
        """Notes what has come of it, unless the run is another's by now."""
        nothing_under_way = delivery.stop()
        with suppress(PyMongoError):
            self.store.note(lease.manifest, acknowledged=acknowledged(present, delivery, self.route))
        if nothing_under_way:
            lease.free()


def _seed(
    run_id: str,
    parameters: SeedParameters,
    pipeline: PipelineSpec,
    services: Services,
    progress: Progress,
) -> Manifest:
    route, kafka = route_of(pipeline), services.kafka
    encoders = _encoders(route, SchemaRegistry(services.schema_registry))
    with connected(services.mongodb) as database:
        seed = Seeder(
            store=RunStore(database),
            route=route,
            encoders=encoders,
            ends=partial(end_offsets, kafka),
            read=partial(earlier_records, kafka),
            deliver=partial(Delivery, kafka),
            say=progress,
        )
        return seed(run_id, parameters)


def produce(
    manifest: Manifest,
    route: Route,
    present: Present,
    encoders: Encoders,
    delivery: Delivery,
    progress: Progress,
) -> Totals:
    """Sends what is not `present` and waits for every acknowledgement; returns the whole run's money."""
    headers = [(RUN_ID_HEADER, manifest.run_id.encode())]
    order_cents = payment_cents = 0
    report = _Reporter(progress, manifest.parameters.orders)
    for sale in manifest.run.sales():
        order, payment = sale.order, sale.payment
        order_cents += order.total_cents
        if not present.orders[sale.number]:
            delivery.send(
                route.orders_topic, order.order_id, encoders.order(order), order.order_time, headers
            )
        if payment is not None:
            payment_cents += payment.amount_cents
            for _ in range(sale.copies - present.payments[sale.number]):
                value = encoders.payment(payment)
                delivery.send(route.payments_topic, payment.payment_id, value, payment.payment_time, headers)
        if sale.number % 1000 == 0:
            report(sale.number, delivery.sent)
    delivery.finish()
    progress(f"{delivery.sent:,} messages sent, every one acknowledged by Kafka.")
    return Totals(order_cents=order_cents, payment_cents=payment_cents)


def acknowledged(present: Present, delivery: Delivery, route: Route) -> Acknowledged:
    """What earlier attempts left on the topics and what this one had acknowledged."""
    return Acknowledged(
        orders=sum(present.orders) + delivery.acknowledged[route.orders_topic],
        payments=sum(present.payments) + delivery.acknowledged[route.payments_topic],
    )


def _encoders(route: Route, registry: SchemaRegistry) -> Encoders:
    ids = []
    for topic, schema in (
        (route.orders_topic, route.order_schema),
        (route.payments_topic, route.payment_schema),
    ):
        subject = f"{topic}-value"
        ids.append(registered_id(subject, registry.find(subject, schema)))
    return Encoders(order_encoder(ids[0], route.order_schema), payment_encoder(ids[1], route.payment_schema))


class _Reporter:
    """A line of progress every few seconds, however fast the orders go by."""

    def __init__(self, progress: Progress, orders: int) -> None:
        self._progress = progress
        self._orders = orders
        self._began = self._last = time.monotonic()

    def __call__(self, done: int, sent: int) -> None:
        now = time.monotonic()
        if now - self._last < _REPORT_EVERY_S:
            return
        self._last = now
        rate = sent / (now - self._began)
        self._progress(f"{done:,} of {self._orders:,} orders, {sent:,} messages sent ({rate:,.0f} a second)")
