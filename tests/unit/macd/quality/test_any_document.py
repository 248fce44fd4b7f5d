"""Whatever the fields of a stored order hold, a report comes out, names the order and can be kept."""

from __future__ import annotations

import bson
from bson import CodecOptions, DatetimeMS, Decimal128, Int64, ObjectId
from bson.codec_options import DatetimeConversion
from hypothesis import given
from hypothesis import strategies as st

from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from tests.unit.macd.fakes import AS_OF, document_of
from tests.unit.macd.quality.test_reconcile import Arrived, assert_can_be_stored

# As macd.clients.mongodb reads documents.
CONNECTED = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)
MONEY = st.sampled_from(["order_total", "payment_amount", "price", "difference"])
NAMES = st.sampled_from(
    sorted(document_of(next(Run("r", SeedParameters(orders=1), AS_OF).sales())))
) | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
AMOUNTS = st.one_of(
    st.sampled_from(["NaN", "sNaN", "-sNaN", "Infinity", "-Infinity", "1E+30", "-0", "0E-6176", "1E+6144"]),
    st.builds("{}E{}".format, st.integers(-(10**34) + 1, 10**34 - 1), st.integers(-6176, 6111)),
).map(Decimal128)
SCALARS = st.one_of(
    AMOUNTS,
    st.none() | st.booleans() | st.floats() | st.text(max_size=200) | st.binary(max_size=200),
    st.integers(-(2**31), 2**31 - 1) | st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.integers(-(2**63), 2**63 - 1).map(DatetimeMS) | st.binary(min_size=12, max_size=12).map(ObjectId),
)
VALUES = st.recursive(
    SCALARS,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(NAMES, values, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(MONEY, AMOUNTS) | st.dictionaries(NAMES | MONEY, VALUES))
def test_whatever_a_document_holds_a_report_comes_out(fields: dict[str, object]) -> None:
    arrived = Arrived(Run("r", SeedParameters(orders=2), AS_OF))
    order_id = arrived.sales[0].order.order_id
    arrived.documents[order_id] = bson.decode(bson.encode({**fields, "_id": order_id}), CONNECTED)
    outcome = arrived.reconciled()
    assert [each.order_id for each in outcome.samples.altered.first] == [order_id]
    assert_can_be_stored(outcome)
