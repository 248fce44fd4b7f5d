"""A run passes exactly when nothing was altered, and what is reported is what was altered, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from bson import Code, DatetimeMS, Decimal128, Int64, ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st

from macd.errors import MacdError
from macd.producer.manifest import Counts, Totals
from macd.producer.sales import Kind, Sale
from macd.quality.report import Report
from tests.unit.macd.fakes import document_of, mismatch_of
from tests.unit.macd.quality.fake_world import DEAD_LETTERS, JOINED, ORDERS, PAYMENTS, FakeWorld

COLLECTION = "orders_payments_joined"
GONE = {"every_order_stored", "order_totals_match", "payment_amounts_match"}
MISSING = "(the field is left out)"


class Finding(NamedTuple):
    """What has to come of an alteration: checks that fail, list entries (list, id, where), strays."""

    checks: set[str] = set()
    listed: set[tuple[str, str, str]] = set()
    of_no_run: int = 0
    repeated: frozenset[str] = frozenset()


Draw = Callable[[st.SearchStrategy[Any]], Any]
Alteration = Callable[[FakeWorld, Draw], Finding]


def one_of(draw: Draw) -> Callable[[list[Any]], Any]:
    return lambda found: draw(st.sampled_from(found))


def expected(sale: Sale) -> bool:
    return sale.pairs > 0


def unwanted(sale: Sale) -> bool:
    return sale.pairs == 0


def take(world: FakeWorld, draw: Draw, fits: Callable[[Sale], bool]) -> tuple[Sale, str]:
    sale = world.take(one_of(draw), fits)
    return sale, sale.order.order_id


def other_texts(old: str) -> list[Any]:
    return [f"{old}x", old.upper() + "X", "", 7, None, old.encode(), Code(old), [old], MISSING]


def other_amounts(old: Decimal128) -> list[Any]:
    # Further from the old one than any mismatch, so that a mismatched order stays one.
    more = Decimal128(old.to_decimal() + 1_000)
    odd = ["NaN", "sNaN", "-Infinity", "1E+30", "9.999999999999999999999999999999999E+6144"]
    return [more, float(str(old)), str(old), Int64(5), None, MISSING, *map(Decimal128, odd)]


def other_times(old: Any) -> list[Any]:
    return [old + timedelta(milliseconds=1), old.isoformat(), DatetimeMS(2**62), Int64(5), None, MISSING]


def other_counts(old: int) -> list[Any]:
    return [old + 1, float(old), Int64(old), Decimal128(str(old)), str(old), None, MISSING]


TEXTS = ("order_id", "customer_id", "payment_id", "payment_method")
TIMES = ("order_time", "payment_time")
AMOUNTS = ("order_total", "payment_amount")
ITEM = {
    "item_name": other_texts,
    "quantity": other_counts,
    "price": lambda old: [Decimal128(old.to_decimal() + Decimal("0.001")), *other_amounts(old)],
}
OTHERS = {
    **dict.fromkeys(TEXTS, other_texts),
    **dict.fromkeys(TIMES, other_times),
    **dict.fromkeys(AMOUNTS, other_amounts),
    "order_items": lambda old: [[], None, 3, MISSING, [*old, old[0]], old[1:], {"0": old[0]}],
}


def alter(fields: dict[str, Any], name: str, value: Any) -> None:
    if value is MISSING:
        del fields[name]
    else:
        fields[name] = value


def a_field_is_altered(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, expected)
    document = document_of(sale)
    name = draw(st.sampled_from(sorted(OTHERS)))
    alter(document, name, draw(st.sampled_from(OTHERS[name](document[name]))))
    world.store(world.orders, document)
    checks = {"no_altered_orders"}
    if name in AMOUNTS:
        checks.add("order_totals_match" if name == "order_total" else "payment_amounts_match")
        checks |= {"mismatches_as_planned"} if sale.kind is Kind.PAID else set()
    return Finding(checks, {("altered", order_id, name)})


def an_item_is_altered(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, expected)
    document = document_of(sale)
    at, name = len(document["order_items"]) - 1, draw(st.sampled_from(sorted(ITEM)))
    item = document["order_items"][at]
    alter(item, name, draw(st.sampled_from(ITEM[name](item[name]))))
    world.store(world.orders, document)
    return Finding({"no_altered_orders"}, {("altered", order_id, f"order_items[{at}].{name}")})


def a_document_is_deleted(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, expected)
    world.orders.delete_one({"_id": order_id})
    return Finding({*GONE, "no_order_missing"}, {("missing", order_id, "not stored")})


def a_dead_letter_stands_for_a_document(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, expected)
    world.orders.delete_one({"_id": order_id})
    world.broker.append(DEAD_LETTERS, order_id.encode())
    return Finding({*GONE, "no_dead_letters"}, {("dead_lettered", order_id, "")})


def an_order_is_copied(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, expected)
    name = draw(st.sampled_from([ObjectId(), "copy", order_id.upper(), Int64(9), {"a": 1}, None, True]))
    world.store(world.orders, {**document_of(sale), "_id": name})
    found = {("unordered", order_id, COLLECTION)}
    return Finding({"no_unordered_documents"}, found, of_no_run=1, repeated=frozenset({order_id}))


def a_document_of_nobody_is_stored(world: FakeWorld, draw: Draw) -> Finding:
    name = draw(st.sampled_from(["x", ObjectId(), 5, ""]))
    world.store(world.orders, {"_id": name})
    return Finding(of_no_run=1)


def an_id_beyond_the_run_is_stored(world: FakeWorld, draw: Draw) -> Finding:
    order_id = world.run.order_ids.maker()(draw(st.integers(24, 2**32 - 1)))
    world.store(world.orders, {"_id": order_id, "order_id": order_id})
    return Finding({"no_unordered_documents"}, {("unordered", order_id, COLLECTION)})


def an_unwanted_order_is_stored(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, unwanted)
    world.store(world.orders, {"_id": order_id, "order_id": order_id})
    return Finding({"no_unexpected_orders"}, {("unexpected", order_id, COLLECTION)})


def an_unwanted_order_is_joined(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, unwanted)
    world.broker.append(JOINED, order_id.encode())
    return Finding({"no_unexpected_orders"}, {("unexpected", order_id, JOINED)})


def a_pair_is_not_joined(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, expected)
    world.lose(JOINED, order_id)
    return Finding({"every_pair_joined"})


def an_order_is_neither_joined_nor_stored(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, expected)
    world.orders.delete_one({"_id": order_id})
    for _ in range(sale.pairs):
        world.lose(JOINED, order_id)
    checks = {*GONE, "no_order_missing", "every_pair_joined"}
    return Finding(checks, {("missing", order_id, "not joined")})


def a_pair_is_joined_twice(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, expected)
    world.broker.append(JOINED, order_id.encode())
    return Finding({"no_duplicate_pairs"}, {("duplicate", order_id, "")})


def an_id_beyond_the_run_is_joined(world: FakeWorld, draw: Draw) -> Finding:
    order_id = world.run.order_ids.maker()(draw(st.integers(24, 2**32 - 1)))
    world.broker.append(JOINED, order_id.encode())
    return Finding({"no_unordered_pairs"}, {("unordered", order_id, JOINED)})


def an_order_message_is_lost(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, lambda _: True)
    world.lose(ORDERS, order_id)
    return Finding({"no_message_missing"}, {("lost", order_id, ORDERS)})


def a_payment_message_is_lost(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, lambda sale: sale.copies > 0)
    assert sale.payment
    world.lose(PAYMENTS, sale.payment.payment_id)
    return Finding({"no_message_missing"}, {("lost", order_id, PAYMENTS)})


def another_number_is_acknowledged(world: FakeWorld, draw: Draw) -> Finding:
    kind = draw(st.sampled_from(["order", "payment"]))
    change = {f"acknowledged.{kind}s": draw(st.integers(-5, 5).filter(bool))}
    world.books["seeding_runs"].update_one({"_id": "r"}, {"$inc": change})
    return Finding({f"every_{kind}_acknowledged"})


def a_mismatch_is_not_listed(world: FakeWorld, draw: Draw) -> Finding:
    _, order_id = take(world, draw, lambda sale: sale.kind is Kind.MISMATCHED)
    world.mismatches.delete_one({"_id": order_id})
    return Finding({"every_mismatch_listed"})


def a_listed_mismatch_is_altered(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, lambda sale: sale.kind is Kind.MISMATCHED)
    listed = mismatch_of(sale)
    others = {name: other for name, other in OTHERS.items() if name in listed} | {"difference": other_amounts}
    name = draw(st.sampled_from(sorted(others)))
    alter(listed, name, draw(st.sampled_from(others[name](listed[name]))))
    world.store(world.mismatches, listed)
    return Finding({"every_mismatch_listed", "no_wrong_mismatch_listed"}, {("mislisted", order_id, "")})


def what_is_no_mismatch_is_listed(world: FakeWorld, draw: Draw) -> Finding:
    sale, order_id = take(world, draw, lambda sale: sale.kind is Kind.PAID)
    world.store(world.mismatches, mismatch_of(sale))
    return Finding({"no_wrong_mismatch_listed"}, {("mislisted", order_id, "")})


def a_mismatch_is_listed_twice(world: FakeWorld, draw: Draw) -> Finding:
    sale, _ = take(world, draw, lambda sale: sale.kind is Kind.MISMATCHED)
    name = draw(st.sampled_from(["copy", {"a": 1}, Int64(7)]))
    world.store(world.mismatches, {**mismatch_of(sale), "_id": name})
    found = {("mislisted", name if name == "copy" else repr(name), "")}
    return Finding({"no_wrong_mismatch_listed"}, found)


# Wrong whether the sum has to be exact or, while something of the run is not joined, only not too small.
CELL: dict[str, Callable[[Any], list[Any]]] = {
    "hour": lambda old: [old + timedelta(hours=1), None, old.isoformat(), DatetimeMS(2**62), MISSING],
    "payment_method": other_texts,
    "orders": lambda old: [Int64(0), Int64(-old), float(old), str(old), True, None, MISSING],
    "revenue": lambda old: [Decimal128("0.00"), *other_amounts(old)[1:]],
    "average_basket": other_amounts,
}


def an_hour_is_altered(world: FakeWorld, draw: Draw) -> Finding:
    sold = {
        (sale.order.order_time // 3_600_000, sale.payment.payment_method)
        for sale in world.sales
        if sale.pairs
    }
    hour, method = draw(st.sampled_from(sorted(sold)))
    cell = next(
        found
        for found in world.revenue.find({"payment_method": method})
        if found["hour"].timestamp() == hour * 3_600
    )
    name = draw(st.sampled_from([*CELL, "all of it"]))
    listed = {("revenue", method, f"{cell['hour']:%Y-%m-%d %H}")}
    if name == "all of it":
        world.revenue.delete_one({"_id": cell["_id"]})
    else:
        alter(cell, name, draw(st.sampled_from(CELL[name](cell[name]))))
        world.store(world.revenue, cell)
    return Finding({"hourly_revenue_matches"}, listed)


def other_traffic_goes_on(world: FakeWorld, draw: Draw) -> Finding:
    for topic in (ORDERS, PAYMENTS, JOINED, DEAD_LETTERS):
        world.broker.append(topic, b"somebody else's")
    return Finding()


ALTERATIONS: list[Alteration] = [
    a_field_is_altered,
    an_item_is_altered,
    a_document_is_deleted,
    a_dead_letter_stands_for_a_document,
    an_order_is_copied,
    a_document_of_nobody_is_stored,
    an_id_beyond_the_run_is_stored,
    an_unwanted_order_is_stored,
    an_unwanted_order_is_joined,
    a_pair_is_not_joined,
    an_order_is_neither_joined_nor_stored,
    a_pair_is_joined_twice,
    an_id_beyond_the_run_is_joined,
    an_order_message_is_lost,
    a_payment_message_is_lost,
    another_number_is_acknowledged,
    a_mismatch_is_not_listed,
    a_listed_mismatch_is_altered,
    what_is_no_mismatch_is_listed,
    a_mismatch_is_listed_twice,
    an_hour_is_altered,
    other_traffic_goes_on,
]


def broken(report: Report) -> set[str]:
    """The checks that do not hold, without the one that warns of what the run was asked for."""
    return {check.name for check in report.checks if not check.passed} - {"payments_equal_totals"}


def listed(report: Report) -> set[tuple[str, str, str]]:
    samples = report.samples
    return {
        *(("missing", each.order_id, each.hop.value) for each in samples.missing.first),
        *(("lost", each.order_id, each.where) for each in samples.lost.first),
        *(("unordered", each.order_id, each.where.split()[0]) for each in samples.unordered.first),
        *(("unexpected", each.order_id, *each.where) for each in samples.unexpected.first),
        *(("duplicate", each.order_id, "") for each in samples.duplicate.first),
        *(("dead_lettered", each.order_id, "") for each in samples.dead_lettered.first),
        *(("mislisted", order_id, "") for order_id in samples.mislisted.first),
        *(("altered", each.order_id, each.differences[0].field) for each in samples.altered.first),
        *(("revenue", each.payment_method, f"{each.hour:%Y-%m-%d %H}") for each in samples.revenue.first),
    }


def check(world: FakeWorld, made: list[Finding]) -> None:
    report, strays = world.judged()
    assert broken(report) == set().union(*(each.checks for each in made))
    assert report.passed == (not broken(report) - {"no_dead_letters"})
    assert listed(report) == set().union(*(each.listed for each in made))
    assert strays.of_no_run == sum(each.of_no_run for each in made)
    assert set(strays.repeated) == set().union(*(each.repeated for each in made))


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=lambda each: each.__name__)
@given(seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=5)
def test_one_alteration_is_found_and_nothing_else(
    alteration: Alteration, seed: int, data: st.DataObject
) -> None:
    world = FakeWorld(seed)
    check(world, [alteration(world, data.draw)])


SHARES = [f"parameters.{name}_share" for name in ("unpaid", "mismatch", "outside_window", "duplicate")]
MANIFEST = [
    *({"$inc": {f"counts.{name}": by}} for name in Counts.model_fields for by in (1, -1)),
    *({"$inc": {f"totals.{name}": by}} for name in Totals.model_fields for by in (1, -1)),
    *({"$inc": {name: by}} for name in ("as_of", "parameters.seed", "parameters.orders") for by in (1, -1)),
    *({"$set": {name: 0.2}} for name in SHARES),
    {"$set": {"recipe": "another"}},
]


@pytest.mark.parametrize("change", MANIFEST, ids=str)
def test_a_run_whose_manifest_was_altered_does_not_pass(change: dict[str, Any]) -> None:
    world = FakeWorld(seed=1)
    world.books["seeding_runs"].update_one({"_id": "r"}, change)
    try:
        passed = world.judged().report.passed
    except MacdError:
        passed = False
    assert not passed


@given(st.integers(0, 10**6), st.lists(st.sampled_from(ALTERATIONS), max_size=3, unique=True), st.data())
@settings(max_examples=50)
def test_a_run_passes_exactly_when_nothing_differs(
    seed: int, alterations: list[Alteration], data: st.DataObject
) -> None:
    world = FakeWorld(seed)
    check(world, [alteration(world, data.draw) for alteration in alterations])
