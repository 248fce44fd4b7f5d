"""Compares a stored document with the sale that it stands for, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bson import Decimal128

from macd.clients.mongodb import Document
from macd.producer.sales import Item, Sale
from macd.quality.report import Difference

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT = "(absent)"
_SHOWN_CHARACTERS = 120
_AMOUNTS_KEPT = 1 << 15


# Of decimal(10, 2), the schemas' type: sums over a million of such amounts fit into BSON's int64.
AMOUNT_DIGITS = 10
_CENT = Decimal("0.01")


class Other:
    """A value of another BSON type than the field has to have; equal to nothing."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        return f"{self._value!r} ({type(self._value).__name__})"


def differences(sale: Sale, document: Document) -> tuple[Difference, ...]:
    """Every field of a paid sale's document that is not what was produced; further fields are left alone."""
    return differing(expected_fields(sale), document)


def differing(expected: Mapping[str, Any], document: Document) -> tuple[Difference, ...]:
    """The fields whose value or BSON type is another one than expected: 2.0 is no 2."""
    found = found_fields(document)
    return tuple(
        Difference(field=name, expected=shown(value), found=shown(found.get(name, _ABSENT)))
        for name, value in expected.items()
        if found.get(name, _ABSENT) != value
    )


def expected_fields(sale: Sale) -> dict[str, Any]:
    """A paid sale's document, flat: money as Decimal, times as aware datetimes."""
    order, payment = sale.order, sale.payment
    if payment is None:
        raise ValueError(f"order {order.order_id} is unpaid and has no document")
    return {
        "_id": order.order_id,
        "order_id": order.order_id,
        "customer_id": order.customer_id,
        "order_total": dollars(order.total_cents),
        "order_time": _time(order.order_time),
        "payment_id": payment.payment_id,
        "payment_amount": dollars(payment.amount_cents),
        "payment_method": payment.payment_method,
        "payment_time": _time(payment.payment_time),
        "order_items": len(order.items),
        **dict(_expected_items(order.items)),
    }


def found_fields(document: Document) -> dict[str, Any]:
    """A stored document in the same form; what is of a wrong type becomes `Other`."""
    fields = {name: _READ.get(name, _plain)(value) for name, value in document.items() if "[" not in name}
    items = document.get("order_items")
    if type(items) is list:
        fields.update(_found_items(items))
        fields["order_items"] = len(items)
    return fields


def money(value: Any) -> Decimal | Other:
    """An amount as it is stored; neither a double, however close it comes, nor NaN or infinity is one."""
    amount = _amount(value.bid) if isinstance(value, Decimal128) else None
    return amount if amount is not None and amount.is_finite() else Other(value)


def cents(value: Any, digits: int = AMOUNT_DIGITS) -> int | None:
    """A stored amount in cents; None for one that decimal(digits, 2) cannot hold, and for what is none."""
    amount = money(value)
    if isinstance(amount, Other) or abs(amount) >= 10 ** (digits - 2):
        return None
    whole = amount.quantize(_CENT)
    return int(whole.scaleb(2)) if whole == amount else None


@lru_cache(maxsize=_AMOUNTS_KEPT)
def dollars(amount_cents: int) -> Decimal:
    """Cents as the exact amount in dollars."""
    return Decimal(amount_cents).scaleb(-2)


@lru_cache(maxsize=_AMOUNTS_KEPT)
def _amount(binary: bytes) -> Decimal:
    # PyMongo takes some 20 us for it, and the prices and most totals of a run are the same few thousand.
    return Decimal128.from_bid(binary).to_decimal()


def _time(milliseconds: int) -> datetime:
    # From whole seconds and microseconds: a float of seconds would round some milliseconds away.
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def _moment(value: Any) -> datetime | Other:
    return value if isinstance(value, datetime) else Other(value)


def _plain(value: Any) -> Any:
    """Strings and int32 as they are; an int64 is a subclass of int, and so is a boolean."""
    return value if type(value) in (str, int) else Other(value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "order_total": money,
    "payment_amount": money,
    "difference": money,
    "price": money,
    "order_time": _moment,
    "payment_time": _moment,
}


def _expected_items(items: tuple[Item, ...]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(items):
        yield f"order_items[{index}].item_name", item.item_name
        yield f"order_items[{index}].quantity", item.quantity
        yield f"order_items[{index}].price", dollars(item.price_cents)


def _found_items(items: list[Any]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(items):
        for name, value in item.items() if isinstance(item, dict) else ():
            yield f"order_items[{index}].{name}", _READ.get(name, _plain)(value)


def shown(value: Any, most: int = _SHOWN_CHARACTERS) -> str:
    """A value for a report, which has to stay small whatever a document holds."""
    text = value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)
    return text if len(text) <= most else text[:most] + "..."
