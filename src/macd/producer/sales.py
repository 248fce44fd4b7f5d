"""Generates a run's orders and payments, the same ones whenever it is asked again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from macd.producer.ids import IdSpace
from macd.producer.menu import MENU
from macd.producer.parameters import Plan, SeedParameters, plan_of

# Counts what this module, the ids and the menu make: a change of it cannot make earlier runs' records again.
RECIPE_NUMBER = 1
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
# The join's window in include/ksql: a payment this long after its order is the last one that is joined.
WINDOW_MS = 24 * HOUR_MS
# An order is paid up to this much later, so the newest order lies this far back and no payment in the future.
LONGEST_PAYMENT_MS = 5 * MINUTE_MS
METHODS = ("credit_card", "debit_card", "cash", "mobile_payment")
_LARGEST_MISMATCH_CENTS = 99


class Kind(Enum):
    """What becomes of an order's payment."""

    PAID = "paid"
    UNPAID = "unpaid"
    MISMATCHED = "mismatched"
    OUTSIDE_WINDOW = "outside_window"


class Item(NamedTuple):
    """One line of an order."""

    item_name: str
    quantity: int
    price_cents: int


# Every line that an order can hold, by dish and quantity; a run of a million orders uses these few objects.
_MOST_OF_ONE = 3
_LINES = tuple(
    tuple(Item(dish.name, quantity, dish.price_cents) for quantity in range(1, _MOST_OF_ONE + 1))
    for dish in MENU
)


class Order(NamedTuple):
    """An order; money in US cents, time in epoch milliseconds."""

    order_id: str
    customer_id: str
    total_cents: int
    items: tuple[Item, ...]
    order_time: int


class Payment(NamedTuple):
    """A payment; money in US cents, time in epoch milliseconds."""

    payment_id: str
    order_id: str
    amount_cents: int
    payment_method: str
    payment_time: int


class Sale(NamedTuple):
    """An order with its payment, which is sent `copies` times (0 when it is None)."""

    number: int
    kind: Kind
    order: Order
    payment: Payment | None
    copies: int

    @property
    def pairs(self) -> int:
        """How many rows the join has to give for it."""
        return 0 if self.kind is Kind.OUTSIDE_WINDOW else self.copies


class Run(NamedTuple):
    """What decides every record of a run; `as_of` is its first start in epoch milliseconds."""

    run_id: str
    parameters: SeedParameters
    as_of: int

    @property
    def plan(self) -> Plan:
        """How many orders of which kind it has."""
        return plan_of(self.parameters)

    @property
    def order_ids(self) -> IdSpace:
        """The ids of its orders."""
        return order_ids(self.run_id, self.parameters.seed, self.parameters.orders)

    @property
    def payment_ids(self) -> IdSpace:
        """The ids of its payments; a payment has its order's number."""
        return IdSpace(self.run_id, self.parameters.seed, "payment", self.parameters.orders)

    def sales(self) -> Iterator[Sale]:
        """Every sale in order of number, generated as they are asked for."""
        return _sales(self)


def order_ids(run_id: str, seed: int, orders: int) -> IdSpace:
    """The ids of a run's orders."""
    return IdSpace(run_id, seed, "order", orders)


def _sales(run: Run) -> Iterator[Sale]:
    # Only random() is used: its sequence for a seed is the same on every version and platform of Python.
    draw = random.Random(f"{run.run_id}\n{run.parameters.seed}").random  # noqa: S311 - mock data, no secrets
    order_id, payment_id = run.order_ids.maker(), run.payment_ids.maker()
    kinds = _kinds(run.plan, draw)
    doubled = _chosen(run.plan.duplicated, run.plan.paid, draw)
    for number, kind in enumerate(kinds):
        order = _order(order_id(number), kind, run.as_of, draw)
        if kind is Kind.UNPAID:
            yield Sale(number, kind, order, None, 0)
            continue
        payment = _payment(payment_id(number), order, kind, run.as_of, draw)
        yield Sale(number, kind, order, payment, 2 if next(doubled) else 1)


def _kinds(plan: Plan, draw: Callable[[], float]) -> Iterator[Kind]:
    """Draws every order's kind without replacement: exact counts, random places, no list of a million."""
    unpaid, mismatched, outside = plan.unpaid, plan.mismatched, plan.outside_window
    for left in range(plan.orders, 0, -1):
        ticket = int(draw() * left)
        if ticket < unpaid:
            unpaid -= 1
            yield Kind.UNPAID
        elif ticket < unpaid + mismatched:
            mismatched -= 1
            yield Kind.MISMATCHED
        elif ticket < unpaid + mismatched + outside:
            outside -= 1
            yield Kind.OUTSIDE_WINDOW
        else:
            yield Kind.PAID


def _chosen(wanted: int, whole: int, draw: Callable[[], float]) -> Iterator[bool]:
    """True for exactly `wanted` of `whole` places."""
    for left in range(whole, 0, -1):
        hit = wanted > 0 and int(draw() * left) < wanted
        wanted -= hit
        yield hit


def _order(order_id: str, kind: Kind, as_of: int, draw: Callable[[], float]) -> Order:
    items = _items(draw)
    total = sum([item.quantity * item.price_cents for item in items])
    customer = f"cust_{10_000 + int(draw() * 90_000)}"
    return Order(order_id, customer, total, items, _order_time(kind, as_of, draw()))


def _items(draw: Callable[[], float]) -> tuple[Item, ...]:
    """One to four different dishes: steps round the menu, whose length is a prime, never meet early."""
    dishes = len(_LINES)
    dish, step = int(draw() * dishes), 1 + int(draw() * (dishes - 1))
    last = dish + step * (1 + int(draw() * 4))
    return tuple([_LINES[at % dishes][int(draw() * _MOST_OF_ONE)] for at in range(dish, last, step)])


def _order_time(kind: Kind, as_of: int, position: float) -> int:
    if kind is Kind.OUTSIDE_WINDOW:
        return as_of - 30 * HOUR_MS + int(position * 4 * HOUR_MS)
    earliest = as_of - 24 * HOUR_MS
    return earliest + int(position * (24 * HOUR_MS - LONGEST_PAYMENT_MS))


def _payment(payment_id: str, order: Order, kind: Kind, as_of: int, draw: Callable[[], float]) -> Payment:
    method = METHODS[int(draw() * len(METHODS))]
    if kind is Kind.OUTSIDE_WINDOW:
        after = order.order_time + WINDOW_MS + MINUTE_MS
        paid_at = after + int(draw() * (as_of - after))
    else:
        paid_at = order.order_time + int(draw() * LONGEST_PAYMENT_MS)
    amount = order.total_cents + (_mismatch(order.total_cents, draw) if kind is Kind.MISMATCHED else 0)
    return Payment(payment_id, order.order_id, amount, method, paid_at)


def _mismatch(total_cents: int, draw: Callable[[], float]) -> int:
    """Some cents too many or too few, never none, and never so many that nothing is paid."""
    cents = 1 + int(draw() * _LARGEST_MISMATCH_CENTS)
    return -cents if draw() < 0.5 and cents < total_cents else cents
