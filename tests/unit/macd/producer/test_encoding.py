from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from decimal import Decimal

import fastavro
import pytest
from hypothesis import given

from macd.clients.registry import RegisteredSchema
from macd.errors import SpecError
from macd.producer.encoding import order_encoder, payment_encoder, registered_id
from macd.producer.route import route_of
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.macd.fakes import runs

ROUTE = route_of(load_pipeline(REPOSITORY / "include", "local"))


def decoded(message, schema):
    header, body = message[:5], message[5:]
    return struct.unpack(">bI", header), fastavro.schemaless_reader(io.BytesIO(body), schema, None)


@given(runs(most_orders=20))
def test_a_reader_of_the_schemas_finds_what_was_sold(run):
    encode_order = order_encoder(7, ROUTE.order_schema)
    encode_payment = payment_encoder(8, ROUTE.payment_schema)
    for sale in run.sales():
        header, order = decoded(encode_order(sale.order), ROUTE.order_schema)
        assert header == (0, 7)
        assert order["order_id"] == sale.order.order_id
        assert order["order_total"] == Decimal(sale.order.total_cents) / 100
        assert sum(item["quantity"] * item["price"] for item in order["order_items"]) == order["order_total"]
        seconds, milliseconds = divmod(sale.order.order_time, 1000)
        time = datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
        assert order["order_time"] == time
        if sale.payment:
            header, payment = decoded(encode_payment(sale.payment), ROUTE.payment_schema)
            assert header == (0, 8)
            assert payment["payment_amount"] == Decimal(sale.payment.amount_cents) / 100
            assert payment["order_id"] == order["order_id"]


def test_an_unregistered_subject_is_refused():
    with pytest.raises(SpecError, match=r"no subject macd_orders-value.*macd apply"):
        registered_id("macd_orders-value", ROUTE.order_schema, None)


def test_a_registered_schema_that_differs_is_refused():
    latest = RegisteredSchema("macd_orders-value", 2, 9, {**ROUTE.order_schema, "doc": "another"})
    with pytest.raises(SpecError, match=r"Version 2 of macd_orders-value .* differs"):
        registered_id("macd_orders-value", ROUTE.order_schema, latest)


def test_the_registered_schemas_id_is_used():
    latest = RegisteredSchema("macd_orders-value", 2, 9, dict(ROUTE.order_schema))
    assert registered_id("macd_orders-value", ROUTE.order_schema, latest) == 9


def test_the_route_comes_from_the_files():
    assert ROUTE.sources == ("macd_orders", "macd_payments")
    assert ROUTE.joined_topic == "macd_orders_payments_joined"
    assert ROUTE.dead_letter_topic == "dlq.macd_orders_payments_joined"
    assert (ROUTE.database, ROUTE.collection) == ("macd", "orders_payments_joined")
