from __future__ import annotations

import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.producer.ids import IdSpace
from macd.producer.menu import MENU
from macd.producer.parameters import SeedParameters
from macd.producer.sales import HOUR_MS, METHODS, MINUTE_MS, WINDOW_MS, Kind, Run
from tests.unit.macd.fakes import AS_OF, runs


@given(runs())
def test_a_run_is_generated_the_same_again(run):
    assert list(run.sales()) == list(run.sales())


@given(runs())
def test_the_shares_give_exact_disjoint_counts(run):
    sales, plan = list(run.sales()), run.plan
    kinds = Counter(sale.kind for sale in sales)
    assert [sale.number for sale in sales] == list(range(plan.orders))
    assert kinds[Kind.UNPAID] == plan.unpaid == sum(sale.payment is None for sale in sales)
    assert kinds[Kind.MISMATCHED] == plan.mismatched
    assert kinds[Kind.OUTSIDE_WINDOW] == plan.outside_window
    assert sum(sale.copies for sale in sales) == plan.payments
    assert sum(sale.copies == 2 for sale in sales) == plan.duplicated
    assert sum(sale.pairs > 0 for sale in sales) == plan.expected


@given(runs())
def test_totals_are_the_sum_of_the_menu_prices(run):
    prices = {dish.name: dish.price_cents for dish in MENU}
    for sale in run.sales():
        items = sale.order.items
        assert sale.order.total_cents == sum(item.quantity * prices[item.item_name] for item in items)
        assert 1 <= len(items) <= 4
        assert len({item.item_name for item in items}) == len(items)


@given(runs())
def test_payments_lie_where_their_kind_says(run):
    for sale in run.sales():
        order, payment = sale.order, sale.payment
        if payment is None:
            continue
        after = payment.payment_time - order.order_time
        assert payment.order_id == order.order_id
        assert payment.payment_method in METHODS
        assert payment.payment_time <= AS_OF
        if sale.kind is Kind.OUTSIDE_WINDOW:
            assert after > WINDOW_MS
            assert AS_OF - 30 * HOUR_MS <= order.order_time <= AS_OF - 26 * HOUR_MS
        else:
            assert 0 <= after <= 5 * MINUTE_MS
            assert AS_OF - 24 * HOUR_MS <= order.order_time <= AS_OF - 5 * MINUTE_MS
        off_by = abs(payment.amount_cents - order.total_cents)
        assert (0 < off_by < 100) if sale.kind is Kind.MISMATCHED else off_by == 0
        assert payment.amount_cents > 0


def test_the_start_only_shifts_the_times():
    early, late = (list(Run("r", SeedParameters(orders=50), as_of).sales()) for as_of in (AS_OF, AS_OF + 777))
    assert [sale.order.order_id for sale in early] == [sale.order.order_id for sale in late]
    assert {b.order.order_time - a.order.order_time for a, b in zip(early, late, strict=True)} == {777}


def test_another_run_or_seed_gives_other_records():
    first = next(Run("r", SeedParameters(), AS_OF).sales()).order
    for other in (Run("s", SeedParameters(), AS_OF), Run("r", SeedParameters(seed=1), AS_OF)):
        assert next(other.sales()).order.order_id != first.order_id
        assert other.order_ids.number(first.order_id.encode()) is None


def test_mismatches_never_make_a_payment_of_nothing():
    run = Run("r", SeedParameters(orders=5_000, mismatch_share=1), AS_OF)
    assert all(sale.payment.amount_cents > 0 for sale in run.sales())


@given(st.integers(1, 1_000_000), st.data())
def test_an_id_is_a_uuid_that_leads_back_to_its_number(size, data):
    ids = IdSpace("run", 3, "order", size)
    number = data.draw(st.integers(0, size - 1))
    made = ids.maker()(number)
    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 8
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert ids.number(made.encode()) == number


@given(st.binary() | st.none())
def test_a_foreign_key_has_no_number(key):
    assert IdSpace("run", 3, "order", 10).number(key) is None


def test_a_key_that_only_begins_like_the_runs_has_no_number():
    ids = IdSpace("run", 3, "order", 10)
    first = ids.maker()(0)
    assert ids.number(first[:-1].encode() + b"x") is None
    assert ids.number(ids.maker()(10).encode()) is None


@pytest.mark.parametrize(
    "digits", [b"ABCDEF01", b"+1234567", b"1_234567", b" 1234567", b"0x123456", b"1234567"]
)
def test_a_key_that_only_reads_like_a_number_has_none(digits):
    ids = IdSpace("run", 3, "order", 2**32)
    assert ids.number(ids.prefix + b"abcdef01") is not None
    assert ids.number(ids.prefix + digits) is None


def test_the_query_of_a_run_takes_in_what_begins_like_its_ids_and_nothing_else():
    for seed in range(20):
        ids = IdSpace("run", seed, "order", 10)
        prefix = ids.prefix.decode()
        lowest, below = ids.query["$gte"], ids.query["$lt"]
        assert all(lowest <= prefix + end < below for end in ("", "00000000", "ffffffff", "zz", "\U0010ffff"))
        assert not any(
            lowest <= other < below for other in (prefix[:-1], prefix[:-1] + "\U0010ffff", prefix.upper())
        )


def test_orders_and_payments_have_ids_of_their_own():
    run = Run("r", SeedParameters(orders=2_000), AS_OF)
    ids = [each for sale in run.sales() for each in (sale.order.order_id, sale.payment.payment_id)]
    assert len(set(ids)) == 4_000
