"""Faults on the topics of orders and payments after a run was produced: messages that nobody of it sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from macd.clients.records import Record
from macd.producer.sales import Kind, Sale
from tests.faults.avro import altered, decoded
from tests.faults.expected import Expected, off
from tests.faults.fault import JOINABLE, LastingFault
from tests.faults.joined import joined_more


class _Repeated(LastingFault):
    """Sends a message of the run again."""

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE)

    def message(self, topic: str, key: str) -> Record:
        run = self.stage.manifest(self.run.run_id)
        return next(each for each in self.stage.records(run, topic) if each.key() == key.encode())

    def again(self, topic: str, key: str, value: bytes | None = None, timestamp: int | None = None) -> None:
        record = self.message(topic, key)
        self.stage.send(topic, key, value or record.value(), timestamp or record.timestamp()[1])

    def joined(self) -> int:
        return self.chosen.pairs

    def arrived(self) -> bool:
        return self.watched(lambda watch: watch.joined[self.chosen.number] == self.joined())

    @property
    def expected(self) -> Expected:
        return joined_more(self.chosen.order.order_id, self.chosen.pairs, self.joined())


class OrderTwice(_Repeated):
    """an order is sent once more"""

    def inject(self) -> None:
        self.again(self.stage.route.orders_topic, self.chosen.order.order_id)

    def joined(self) -> int:
        return 2 * self.chosen.pairs


class PaymentTwice(_Repeated):
    """a payment is sent once more"""

    def inject(self) -> None:
        self.again(self.stage.route.payments_topic, _payment_id(self.chosen))

    def joined(self) -> int:
        return self.chosen.pairs + 1


class LatePaymentInTime(_Repeated):
    """an order that was to be paid too late is paid in time as well"""

    def choose(self) -> None:
        # Its hour lies before those of all other runs that are played, so no sum of theirs is changed by it.
        self.chosen = self.sale(Kind.OUTSIDE_WINDOW, also=lambda sale: sale.copies == 1)

    def inject(self) -> None:
        topic, key = self.stage.route.payments_topic, _payment_id(self.chosen)
        schema, value = self.stage.route.payment_schema, self.message(topic, key).value()
        in_time = decoded(schema, value)["payment_time"] - timedelta(hours=24)
        self.again(topic, key, altered(schema, value, payment_time=in_time), _milliseconds(in_time))

    def joined(self) -> int:
        return 1

    def arrived(self) -> bool:
        stored = self.stage.documents.find_one({"_id": self.chosen.order.order_id})
        return stored is not None and super().arrived()

    @property
    def expected(self) -> Expected:
        route = self.stage.route
        places = (route.joined_topic, route.collection)
        entry = ("unexpected", self.chosen.order.order_id, "outside_window", *places)
        return off("no_unexpected_orders", entry, orders_unexpected=1)


def _payment_id(sale: Sale) -> str:
    assert sale.payment is not None
    return sale.payment.payment_id


def _milliseconds(moment: Any) -> int:
    return round(moment.timestamp() * 1000)
