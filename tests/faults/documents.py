"""Faults in the collection of joined orders."""

from __future__ import annotations

import uuid
from collections import Counter
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bson import Decimal128, Int64, ObjectId

from macd.clients.mongodb import Document
from macd.producer.ids import IdSpace
from macd.producer.sales import Kind
from macd.quality.report import Hop
from tests.faults.expected import Expected, missing, off
from tests.faults.fault import JOINABLE, Fault

MONEY = {
    "order_total": ("order_totals_match", "order_cents_stored"),
    "payment_amount": ("payment_amounts_match", "payment_cents_stored"),
}
FIELDS = (
    "order_id", "customer_id", "order_total", "order_time", "order_items",
    "payment_id", "payment_amount", "payment_method", "payment_time",
)  # fmt: skip


def beyond(ids: IdSpace, by: int) -> str:
    """The id that a run would give to an order beyond its last one."""
    return ids.maker()(ids.size + by)


class DocumentFault(Fault):
    """Changes the document of one expected order."""

    def choose(self) -> None:
        self.chosen = self.sale(*JOINABLE)
        self.order_id = self.chosen.order.order_id
        found = self.stage.documents.find_one({"_id": self.order_id})
        assert found is not None
        self.before: Document = found
        self.after = deepcopy(found)
        self.change()

    def change(self) -> None:
        """Changes `after`."""

    def inject(self) -> None:
        self.stage.documents.replace_one({"_id": self.order_id}, self.after)

    def undo(self) -> None:
        self.stage.documents.replace_one({"_id": self.order_id}, self.before, upsert=True)

    def altered(self, *fields: str) -> Expected:
        found = off("no_altered_orders", ("altered", self.order_id, *fields), orders_altered=1)
        if set(fields) & MONEY.keys():
            found |= self._mismatch()
        for name in set(fields) & MONEY.keys():
            check, figure = MONEY[name]
            found |= off(check, **{figure: _cents(self.after.get(name)) - _cents(self.before[name])})
        return found

    def _mismatch(self) -> Expected:
        """Whether payment and total now differ, and did before."""
        planned = self.chosen.kind is Kind.MISMATCHED
        total, paid = self.after.get("order_total"), self.after.get("payment_amount")
        both = isinstance(total, Decimal128) and isinstance(paid, Decimal128)
        now = not both or total != paid
        found = off("mismatches_as_planned", mismatches_unplanned=1) if now != planned else Expected()
        found.figures["mismatches_stored"] += now - planned
        entry = {("mismatched", self.order_id, str(planned))}
        found.listed, found.delisted = (entry, set()) if now else (set(), entry)
        return found


class DocumentDeleted(DocumentFault):
    """a document is deleted"""

    def inject(self) -> None:
        self.stage.documents.delete_one({"_id": self.order_id})

    @property
    def expected(self) -> Expected:
        return missing(self.chosen, Hop.NOT_STORED, "orders_payments_joined")


class FieldAltered(DocumentFault):
    """a field of a document has another value"""

    def change(self) -> None:
        self.field = self.draw.choice(FIELDS)
        if self.field == "order_items":
            index = self.draw.randrange(len(self.after["order_items"]))
            part = self.draw.choice(("item_name", "quantity", "price"))
            self.field = f"order_items[{index}].{part}"
            item = self.after["order_items"][index]
            item[part] = self._other(item[part])
        else:
            self.after[self.field] = self._other(self.after[self.field])

    def _other(self, value: Any) -> Any:
        if isinstance(value, Decimal128):
            return Decimal128(value.to_decimal() + Decimal(self.draw.choice((-1, 1, 100))).scaleb(-2))
        if isinstance(value, str):
            return self.draw.choice(("", value + " ", value.swapcase(), "x"))
        if isinstance(value, int):
            return value + self.draw.choice((-1, 1))
        return value + timedelta(milliseconds=self.draw.choice((-1, 1, 3_600_000)))

    @property
    def expected(self) -> Expected:
        return self.altered(self.field)


class FieldOfAnotherType(DocumentFault):
    """a field of a document has a value of another type that looks like it"""

    def change(self) -> None:
        self.field, make = self.draw.choice(
            (
                ("order_total", lambda value: float(value.to_decimal())),
                ("order_total", str),
                ("payment_amount", lambda value: int(value.to_decimal())),
                ("order_time", lambda value: value.isoformat()),
                ("payment_time", lambda value: Int64(value.timestamp() * 1000)),
                ("customer_id", lambda value: [value]),
                ("payment_method", lambda value: {"value": value}),
                ("payment_id", lambda value: value.encode()),
            )
        )
        self.after[self.field] = make(self.after[self.field])

    @property
    def expected(self) -> Expected:
        return self.altered(self.field)


class QuantityOfAnotherType(DocumentFault):
    """a quantity is stored as a number of another type"""

    found_since = "documents_unordered"

    def change(self) -> None:
        index = self.draw.randrange(len(self.after["order_items"]))
        self.field = f"order_items[{index}].quantity"
        item = self.after["order_items"][index]
        item["quantity"] = self.draw.choice((float, Int64))(item["quantity"])

    @property
    def expected(self) -> Expected:
        return self.altered(self.field)


class AmountBeyondReason(DocumentFault):
    """an amount is no number, or one that fits into no integer"""

    found_since = "documents_unordered"

    def change(self) -> None:
        self.field = self.draw.choice(("order_total", "payment_amount"))
        self.after[self.field] = Decimal128(self.draw.choice(("sNaN", "NaN", "Infinity", "1E+30", "-1E-20")))

    @property
    def expected(self) -> Expected:
        return self.altered(self.field)


class FieldRemoved(DocumentFault):
    """a field of a document is gone"""

    def change(self) -> None:
        self.field = self.draw.choice([name for name in FIELDS if name != "order_items"])
        del self.after[self.field]

    @property
    def expected(self) -> Expected:
        return self.altered(self.field)


class ItemRemoved(DocumentFault):
    """an order's last item is gone"""

    def change(self) -> None:
        self.after["order_items"].pop()

    @property
    def expected(self) -> Expected:
        gone = f"order_items[{len(self.after['order_items'])}]"
        return self.altered("order_items", f"{gone}.item_name", f"{gone}.quantity", f"{gone}.price")


class ItemAdded(DocumentFault):
    """an order has its first item once more"""

    def change(self) -> None:
        self.after["order_items"].append(dict(self.after["order_items"][0]))

    @property
    def expected(self) -> Expected:
        return self.altered("order_items")


class StoredBesides(DocumentFault):
    """Stores one more document."""

    def inject(self) -> None:
        self.stage.documents.insert_one(self.after)

    def undo(self) -> None:
        self.stage.documents.delete_one({"_id": self.after["_id"]})


class UnwantedStored(StoredBesides):
    """an order that is unpaid or was paid too late is stored"""

    def change(self) -> None:
        self.unwanted = self.sale(Kind.UNPAID, Kind.OUTSIDE_WINDOW)
        self.after["_id"] = self.after["order_id"] = self.unwanted.order.order_id

    @property
    def expected(self) -> Expected:
        kind = self.unwanted.kind.value
        entry = ("unexpected", self.after["_id"], kind, "orders_payments_joined")
        return off("no_unexpected_orders", entry, orders_unexpected=1)


class CopyUnderAnotherId(StoredBesides):
    """an order is stored a second time, under an ObjectId"""

    found_since = "documents_unordered"
    seen_by_pipeline = True

    def change(self) -> None:
        self.after["_id"] = ObjectId()

    @property
    def expected(self) -> Expected:
        repeated = Expected(pipeline=Counter(orders_repeated=1, documents_of_no_run=1))
        return unordered(self.order_id, f" under the _id {self.after['_id']!r}") | repeated


class StoredBeyondSize(StoredBesides):
    """an order is stored that the run would have had if it were larger, or whose id looks like one of its"""

    found_since = "documents_unordered"

    def change(self) -> None:
        larger = beyond(self.run.order_ids, self.draw.randrange(1_000))
        alike = (f"{self.order_id}0", self.order_id[:-1], f"{self.order_id[:-8]} {self.order_id[-7:]}")
        self.after["_id"] = self.after["order_id"] = self.draw.choice((larger, *alike))

    @property
    def expected(self) -> Expected:
        return unordered(self.after["_id"])


def unordered(order_id: str, where: str = "") -> Expected:
    """A document with an id of the run that nobody ordered."""
    entry = ("unordered", order_id, f"orders_payments_joined{where}")
    return off("no_unordered_documents", entry, documents_unordered=1)


class StoredByNobody(StoredBesides):
    """a document is stored that belongs to no run"""

    found_since = "documents_of_no_run"
    seen_by_pipeline = True

    def change(self) -> None:
        key = self.draw.choice(
            ("x", "", ObjectId(), str(uuid.UUID(int=self.draw.getrandbits(128), version=4)))
        )
        self.after = {"_id": key} if self.draw.random() < 0.5 else {**self.after, "_id": key, "order_id": key}

    @property
    def expected(self) -> Expected:
        return Expected(pipeline=Counter(documents_of_no_run=1))


def _cents(value: Any) -> int:
    """What an amount adds to a sum; nothing where it is none."""
    amount = value.to_decimal() if isinstance(value, Decimal128) else Decimal("NaN")
    return int(amount.scaleb(2)) if amount.is_finite() and abs(amount) < 10**8 else 0
