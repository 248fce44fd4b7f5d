"""Faults in the collection of joined orders."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bson import Decimal128, Int64, ObjectId

from macd.clients.mongodb import Document
from macd.producer.ids import IdSpace
from macd.producer.sales import Kind
from macd.quality.report import Hop
from tests.faults.expected import Expected, missing, off
from tests.faults.fault import JOINABLE
from tests.faults.stored import StoredFault

COLLECTION = "orders_payments_joined"
MONEY = {
    "order_total": ("order_totals_match", "order_cents_stored"),
    "payment_amount": ("payment_amounts_match", "payment_cents_stored"),
}
FIELDS = (
    "order_id", "customer_id", "order_total", "order_time",
    "payment_id", "payment_amount", "payment_method", "payment_time",
)  # fmt: skip


class _DocumentFault(StoredFault):
    """In the document of one expected order."""

    collection = COLLECTION

    def find(self) -> Document:
        self.chosen = self.sale(*JOINABLE)
        self.order_id = self.chosen.order.order_id
        return self.get(self.order_id)


class DocumentDeleted(_DocumentFault):
    """a document is deleted"""

    def change(self, document: Document) -> None:
        self.after = None

    @property
    def expected(self) -> Expected:
        return missing(self.chosen, Hop.NOT_STORED, COLLECTION)


class _Altered(_DocumentFault):
    """Another value in `fields`, as a report names them."""

    fields: tuple[str, ...]

    @property
    def expected(self) -> Expected:
        assert self.after is not None
        entry = ("altered", self.order_id, *self.fields)
        found = off("no_altered_orders", entry, orders_altered=1)
        for name in MONEY.keys() & self.fields:
            check, figure = MONEY[name]
            more = _cents(self.after.get(name)) - _cents(self.found[name])
            found |= off(check if more else "", **{figure: more}) | self._mismatch(self.after)
        return found

    def _mismatch(self, document: Document) -> Expected:
        """Whether payment and total differ now, and whether they did before."""
        planned = self.chosen.kind is Kind.MISMATCHED
        total, paid = document.get("order_total"), document.get("payment_amount")
        now = total != paid or not isinstance(total, Decimal128)
        found = off("mismatches_as_planned", mismatches_unplanned=1) if now != planned else Expected()
        found.figures["mismatches_stored"] = now - planned
        (found.listed if now else found.delisted).add(("mismatched", self.order_id, str(planned)))
        return found


class FieldAltered(_Altered):
    """a field of a document has another value"""

    def change(self, document: Document) -> None:
        name = self.draw.choice(FIELDS)
        self.fields = (name,)
        document[name] = _other(document[name], self)


class ItemAltered(_Altered):
    """a field of an order's item has another value"""

    def change(self, document: Document) -> None:
        index = self.draw.randrange(len(document["order_items"]))
        name = self.draw.choice(("item_name", "quantity", "price"))
        self.fields = (f"order_items[{index}].{name}",)
        item = document["order_items"][index]
        item[name] = _other(item[name], self)


class FieldOfAnotherType(_Altered):
    """a field of a document has a value of another type that looks like it"""

    def change(self, document: Document) -> None:
        name, make = self.draw.choice(
            (
                ("order_total", lambda value: float(value.to_decimal())),
                ("order_total", str),
                ("payment_amount", lambda value: int(value.to_decimal())),
                ("order_time", lambda value: value.isoformat()),
                ("payment_time", lambda value: Int64(value.timestamp() * 1000)),
                ("customer_id", lambda value: [value]),
                ("payment_method", lambda value: {"value": value}),
                ("payment_method", lambda _: None),
                ("payment_id", lambda value: value.encode()),
            )
        )
        self.fields = (name,)
        document[name] = make(document[name])


class QuantityOfAnotherType(_Altered):
    """a quantity is stored as a value of another type"""

    def change(self, document: Document) -> None:
        index = self.draw.randrange(len(document["order_items"]))
        self.fields = (f"order_items[{index}].quantity",)
        item = document["order_items"][index]
        item["quantity"] = self.draw.choice((float, Int64, str, bool))(item["quantity"])


class AmountBeyondReason(_Altered):
    """an amount is no number, or one that fits into no integer"""

    def change(self, document: Document) -> None:
        self.fields = (self.draw.choice(("order_total", "payment_amount")),)
        amount = self.draw.choice(("sNaN", "NaN", "Infinity", "1E+30", "-1E-20"))
        document[self.fields[0]] = Decimal128(amount)


class FieldRemoved(_Altered):
    """a field of a document is gone"""

    def change(self, document: Document) -> None:
        self.fields = (self.draw.choice(FIELDS),)
        del document[self.fields[0]]


class ItemRemoved(_Altered):
    """an order's last item is gone"""

    def change(self, document: Document) -> None:
        gone = f"order_items[{len(document['order_items']) - 1}]"
        self.fields = ("order_items", f"{gone}.item_name", f"{gone}.quantity", f"{gone}.price")
        document["order_items"].pop()


class ItemAdded(_Altered):
    """an order has its first item once more"""

    fields = ("order_items",)

    def change(self, document: Document) -> None:
        document["order_items"].append(dict(document["order_items"][0]))


class UnwantedStored(_DocumentFault):
    """an order that is unpaid or was paid too late is stored"""

    def change(self, document: Document) -> None:
        self.before = None
        self.unwanted = self.sale(Kind.UNPAID, Kind.OUTSIDE_WINDOW)
        document["_id"] = document["order_id"] = self.unwanted.order.order_id

    @property
    def expected(self) -> Expected:
        entry = ("unexpected", self.unwanted.order.order_id, self.unwanted.kind.value, COLLECTION)
        return off("no_unexpected_orders", entry, orders_unexpected=1)


class StoredTwice(_DocumentFault):
    """an order is stored a second time, under an ObjectId"""

    seen_by_pipeline = True

    def change(self, document: Document) -> None:
        self.before = None
        document["_id"] = self.key = ObjectId()

    @property
    def expected(self) -> Expected:
        repeated = Expected(pipeline=Counter(orders_repeated=1, documents_of_no_run=1))
        return unordered(self.order_id, f" under the _id {self.key!r}") | repeated


class StoredBeyondSize(_DocumentFault):
    """an order is stored that the run would have had if it were larger, or whose id looks like one of its"""

    def change(self, document: Document) -> None:
        self.before = None
        larger = beyond(self.run.order_ids, self.draw.randrange(1_000))
        alike = (f"{self.order_id}0", self.order_id[:-1], f"{self.order_id[:-8]} {self.order_id[-7:]}")
        document["_id"] = document["order_id"] = self.key = self.draw.choice((larger, *alike))

    @property
    def expected(self) -> Expected:
        return unordered(self.key)


class StoredByNobody(_DocumentFault):
    """a document is stored that belongs to no run"""

    seen_by_pipeline = True

    def change(self, document: Document) -> None:
        self.before = None
        foreign = str(uuid.UUID(int=self.draw.getrandbits(128), version=4))
        key = self.draw.choice(("x", "", ObjectId(), foreign))
        self.after = self.draw.choice(({"_id": key}, {**document, "_id": key, "order_id": key}))

    @property
    def expected(self) -> Expected:
        return Expected(pipeline=Counter(documents_of_no_run=1))


def unordered(order_id: str, where: str = "") -> Expected:
    """A document with an id of the run that nobody ordered."""
    entry = ("unordered", order_id, f"{COLLECTION}{where}")
    return off("no_unordered_documents", entry, documents_unordered=1)


def beyond(ids: IdSpace, by: int) -> str:
    """The id that a run would give to an order beyond its last one."""
    return ids.maker()(ids.size + by)


def _other(value: Any, fault: StoredFault) -> Any:
    """Another value of the same type, near it where it has a near one."""
    if isinstance(value, Decimal128):
        return Decimal128(value.to_decimal() + Decimal(fault.draw.choice(("-0.01", "0.01", "1"))))
    if isinstance(value, str):
        return fault.draw.choice(("", f"{value} ", value.swapcase(), "x"))
    if isinstance(value, int):
        return value + fault.draw.choice((-1, 1))
    return value + timedelta(milliseconds=fault.draw.choice((-1, 1, 3_600_000)))


def _cents(value: Any) -> int:
    """What an amount adds to a sum; nothing where it is none."""
    amount = value.to_decimal() if isinstance(value, Decimal128) else Decimal("NaN")
    return int(amount.scaleb(2)) if amount.is_finite() and abs(amount) < 10**8 else 0
