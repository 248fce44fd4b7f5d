from __future__ import annotations

import io
import json
import struct
from datetime import UTC, datetime
from decimal import Decimal

import fastavro
import pytest
from hypothesis import given

from macd.clients.registry import RegisteredSchema
from macd.errors import SpecError
from macd.producer.encoding import CHANNELS, order_encoder, payment_encoder, registered_id
from macd.producer.parameters import SeedParameters
from macd.producer.route import route_of
from macd.producer.sales import Run
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.macd.fakes import AS_OF, runs

VERSION_2 = json.loads((REPOSITORY / "docs" / "examples" / "macd_orders-value.v2.avsc").read_text())
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


def test_a_schema_that_the_registry_does_not_know_is_refused():
    with pytest.raises(SpecError, match=r"does not know include/schemas/macd_orders-value.avsc.*macd apply"):
        registered_id("macd_orders-value", None)


def test_the_registered_schemas_id_is_used():
    found = RegisteredSchema("macd_orders-value", 2, 9, dict(ROUTE.order_schema))
    assert registered_id("macd_orders-value", found) == 9


@given(runs(most_orders=20))
def test_an_optional_field_is_written_where_the_schema_has_it(run):
    encode = order_encoder(7, VERSION_2)
    for sale in run.sales():
        _, order = decoded(encode(sale.order), VERSION_2)
        assert order.pop("order_channel") in CHANNELS
        # A reader of version 1 finds in it what it always found.
        _, before = decoded(order_encoder(6, ROUTE.order_schema)(sale.order), ROUTE.order_schema)
        assert order == before


def test_a_reader_of_version_2_finds_the_default_in_version_1():
    run = Run("r", SeedParameters(orders=1), AS_OF)
    message = order_encoder(6, ROUTE.order_schema)(next(run.sales()).order)
    order = fastavro.schemaless_reader(io.BytesIO(message[5:]), ROUTE.order_schema, VERSION_2)
    assert order["order_channel"] is None


def test_the_route_comes_from_the_files():
    assert ROUTE.sources == ("macd_orders", "macd_payments")
    assert ROUTE.joined_topic == "macd_orders_payments_joined"
    assert ROUTE.dead_letter_topic == "dlq.macd_orders_payments_joined"
    assert (ROUTE.database, ROUTE.collection) == ("macd", "orders_payments_joined")
