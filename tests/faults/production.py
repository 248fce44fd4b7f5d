"""Faults between the producer and its topics: all is acknowledged, and something else was written."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from confluent_kafka import Producer

from macd.producer.sales import Kind, Run, Sale
from macd.quality.report import Hop
from tests.faults.expected import Expected, off, unjoined
from tests.faults.fault import JOINABLE, Fault
from tests.faults.stage import Stage, parameters

Message = dict[str, Any]
# The message as it is to be written; None for one that is acknowledged and not written.
Tamper = Callable[[str, Message], Message | None]


class _Tampering:
    """In the place of confluent_kafka.Producer."""

    def __init__(self, config: dict[str, Any], tamper: Tamper) -> None:
        self._real = Producer(config)
        self._tamper = tamper
        self._unwritten: list[Callable[[None, None], None]] = []

    def produce(self, topic: str, **message: Any) -> None:
        changed = self._tamper(topic, message)
        if changed is None:
            self._unwritten.append(message["callback"])
        else:
            self._real.produce(topic, **changed)

    def poll(self, timeout: float) -> int:
        while self._unwritten:
            self._unwritten.pop()(None, None)
        return self._real.poll(timeout)

    def purge(self, **what: bool) -> None:
        self._real.purge(**what)

    def __len__(self) -> int:
        return len(self._real) + len(self._unwritten)


class ProductionFault(Fault):
    """Produces a run of its own with something wrong; undoing it sends what should have been there."""

    # How many of a message are kept back, at most.
    most = 2
    # Whether no other run may come meanwhile.
    alone = False

    def __init__(self, stage: Stage, run_id: str, draw: random.Random) -> None:
        self.held: list[tuple[str, Message]] = []
        super().__init__(stage, Run(run_id, parameters(draw), 0), draw)

    def inject(self) -> None:
        with patch("macd.producer.delivery.Producer", lambda config: _Tampering(config, self._tampered)):
            manifest = self.stage.seed(self.run.run_id, self.run.parameters)
        assert manifest.status == "complete"
        assert self.held, "nothing was kept back"
        # Only now is it known when it began, and with that in which hour an order lies.
        self.run = manifest.run
        self.chosen = list(manifest.run.sales())[self.chosen.number]

    def undo(self) -> None:
        for topic, message in self.held:
            self.stage.send(topic, message["key"], message["value"], message["timestamp"])
        self.stage.note_ends(self.run.run_id)

    def arrived(self) -> bool:
        lost = self.pairs_lost
        return self.watched(
            lambda watch: (
                sum(watch.pairs) - sum(watch.joined) == lost
                and sum(watch.stored) == sum(1 for pairs in watch.pairs if pairs) - self.orders_lost
            )
        )

    def _tampered(self, topic: str, message: Message) -> Message | None:
        if message["key"] != self.key or len(self.held) == self.most:
            return message
        self.held.append((topic, message))
        return self.written(message)

    def written(self, message: Message) -> Message | None:
        """What is written instead."""
        return None

    @property
    def key(self) -> str:
        """The key of the message that is kept back."""
        return self.chosen.order.order_id

    @property
    def pairs_lost(self) -> int:
        return self.chosen.pairs

    @property
    def orders_lost(self) -> int:
        return 1 if self.pairs_lost else 0


class OrderWithheld(ProductionFault):
    """an order is acknowledged, and not on its topic"""

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE)

    @property
    def expected(self) -> Expected:
        topic = self.stage.route.orders_topic
        return unjoined(self.chosen, Hop.NOT_ON_TOPIC, topic) | gone(self.chosen, topic)


class UnwantedOrderWithheld(OrderWithheld):
    """an order that was not to be joined is acknowledged, and not on its topic"""

    def choose(self) -> None:
        self.chosen = self.sale(Kind.UNPAID, Kind.OUTSIDE_WINDOW)

    @property
    def expected(self) -> Expected:
        return gone(self.chosen, self.stage.route.orders_topic)


class OfPayment(ProductionFault):
    """Keeps back the payment of an order that is to be joined."""

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE)

    @property
    def key(self) -> str:
        assert self.chosen.payment is not None
        return self.chosen.payment.payment_id


class PaymentWithheld(OfPayment):
    """a payment is acknowledged, and not on its topic"""

    @property
    def expected(self) -> Expected:
        topic = self.stage.route.payments_topic
        return unjoined(self.chosen, Hop.NOT_ON_TOPIC, topic) | gone(self.chosen, topic, self.chosen.copies)


class CopyOfPaymentWithheld(OfPayment):
    """of a payment that was sent twice one is not on its topic"""

    most = 1

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE, also=lambda sale: sale.copies == 2)

    @property
    def pairs_lost(self) -> int:
        return 1

    @property
    def orders_lost(self) -> int:
        return 0

    @property
    def expected(self) -> Expected:
        lost = gone(self.chosen, self.stage.route.payments_topic)
        return off("every_pair_joined", pairs_joined=-1, pairs_missing=1) | lost


class LatePaymentWithheld(OfPayment):
    """a payment that was not to be joined is acknowledged, and not on its topic"""

    def choose(self) -> None:
        self.chosen = self.sale(Kind.OUTSIDE_WINDOW)

    @property
    def expected(self) -> Expected:
        return gone(self.chosen, self.stage.route.payments_topic, self.chosen.copies)


def gone(sale: Sale, topic: str, messages: int = 1) -> Expected:
    """Acknowledged messages are not on their topic."""
    return off("no_message_missing", ("lost", sale.order.order_id, topic), messages_missing=messages)
