"""Orders and payments as Avro in the registry's wire format: a zero byte, the schema id, the record."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any, TypeVar

import fastavro

from macd.clients.registry import RegisteredSchema
from macd.errors import SpecError
from macd.producer.sales import Item, Order, Payment

# For version 2 of the order schema (docs/schema-evolution.md); it follows from the id and changes no record.
CHANNELS = ("counter", "drive_through", "kiosk", "app")
RecordT = TypeVar("RecordT")
Encoder = Callable[[RecordT], bytes]


def order_encoder(schema_id: int, schema: dict[str, Any]) -> Encoder[Order]:
    """Encodes orders with include/'s schema, registered under `schema_id`."""
    return _encoder(schema_id, schema, order_value)


def payment_encoder(schema_id: int, schema: dict[str, Any]) -> Encoder[Payment]:
    """Encodes payments with include/'s schema, registered under `schema_id`."""
    return _encoder(schema_id, schema, payment_value)


def order_value(order: Order) -> dict[str, Any]:
    """The Avro value of an order. A schema without a field of it, as the channel, is written without it."""
    return {
        "order_id": order.order_id,
        "customer_id": order.customer_id,
        "order_total": _decimal(order.total_cents),
        "order_items": [_item(item) for item in order.items],
        "order_time": order.order_time,
        "order_channel": CHANNELS[int(order.order_id[-1], 16) % len(CHANNELS)],
    }


def payment_value(payment: Payment) -> dict[str, Any]:
    """The Avro value of a payment."""
    return {
        "payment_id": payment.payment_id,
        "order_id": payment.order_id,
        "payment_amount": _decimal(payment.amount_cents),
        "payment_method": payment.payment_method,
        "payment_time": payment.payment_time,
    }


def registered_id(subject: str, found: RegisteredSchema | None) -> int:
    """The id under which the registry knows include/'s schema, in whatever version; SpecError without one."""
    if found is None:
        raise SpecError(
            f"Schema Registry does not know include/schemas/{subject}.avsc as a version of {subject}.",
            remedy="See the difference with `macd plan` and register it (`macd apply`, or the DAG).",
        )
    return found.schema_id


def _encoder(
    schema_id: int, schema: dict[str, Any], value_of: Callable[[RecordT], dict[str, Any]]
) -> Encoder[RecordT]:
    parsed = fastavro.parse_schema(schema)
    header = struct.pack(">bI", 0, schema_id)
    write = fastavro.schemaless_writer

    def encode(record: RecordT) -> bytes:
        buffer = io.BytesIO()
        buffer.write(header)
        write(buffer, parsed, value_of(record))
        return buffer.getvalue()

    return encode


def _item(item: Item) -> dict[str, Any]:
    return {"item_name": item.item_name, "quantity": item.quantity, "price": _decimal(item.price_cents)}


def _decimal(cents: int) -> bytes:
    """Avro's decimal of scale 2; fastavro takes the bytes as they are, which spares a Decimal per amount."""
    return cents.to_bytes((cents.bit_length() + 8) // 8, "big", signed=True)
