"""The derived collections are compared with the runs behind them, on an in-memory MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any

import mongomock
import pytest
from bson import Decimal128, Int64, ObjectId
from hypothesis import given

from macd.producer.manifest import Manifest
from macd.producer.parameters import SeedParameters
from macd.producer.sales import HOUR_MS, Kind, Run
from macd.producer.store import RunStore
from macd.quality.derived import Derived, Followed
from macd.quality.documents import dollars
from macd.quality.figures import Figures
from macd.quality.hourly import HourlyRevenue
from macd.quality.mismatches import MismatchList
from macd.quality.reconcile import Outcome
from macd.quality.report import Listing, Samples
from macd.quality.takings import Amount, Takings, TakingsBook
from macd.quality.waiting import wait_until_settled
from tests.unit.macd.fakes import AS_OF, mismatch_of, runs
from tests.unit.macd.quality.test_reconcile import PIPELINE, manifest_of

TOPIC = "topic-1"


def takings_of(run: Run) -> Takings:
    takings = Takings()
    for sale in (sale for sale in run.sales() if sale.pairs):
        takings.add(sale)
    return takings


class World:
    """The books, and a collection of hourly revenue as ksqlDB and the sink would fill it."""

    def __init__(self) -> None:
        self.database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
        self.runs = RunStore(self.database)
        self.book = TakingsBook(self.database, TOPIC)
        self.revenue = self.database["hourly_revenue"]

    def begin(self, run: Run) -> Manifest:
        return self.runs.begin(manifest_of(run))

    def sell(self, *runs: Run) -> None:
        """Writes the hours anew that these runs sold in."""
        total = Takings()
        for run in runs:
            for cell, amount in takings_of(run):
                total.count(cell, amount)
        for cell, amount in total:
            self.revenue.replace_one({"_id": cell.document_id}, document(cell, amount), upsert=True)

    def note(self, run: Run, topic: str = TOPIC) -> None:
        TakingsBook(self.database, topic).save(run.run_id, run.as_of, takings_of(run))

    def wrong(self, run: Run, **state: bool) -> Any:
        sold = run.run_id, takings_of(run)
        hourly = HourlyRevenue(*sold, self.book, self.runs, self.revenue, **state)
        return Listing(count=len(wrong := hourly.wrong()), first=tuple(wrong))


def document(cell: Any, amount: Amount, rounding: str = ROUND_HALF_UP) -> dict[str, Any]:
    average = (dollars(amount.cents) / amount.orders).quantize(Decimal("0.01"), rounding)
    return {
        "_id": cell.document_id,
        "hour": cell.start,
        "payment_method": cell.method,
        "orders": Int64(amount.orders),
        "revenue": Decimal128(dollars(amount.cents)),
        "average_basket": Decimal128(average),
    }


def a_run(name: str, **parameters: Any) -> Run:
    return Run(name, SeedParameters(**{"orders": 60, **parameters}), AS_OF)


@pytest.fixture
def world() -> World:
    return World()


def settled(world: World, *runs: Run) -> None:
    """Runs that are through, and noted."""
    for run in runs:
        world.begin(run)
        world.note(run)
    world.sell(*runs)


def derived_of(world: World, run: Run) -> Derived:
    """As a verification has it, of a run whose pairs are all joined."""
    outcome = Outcome(figures=Figures(), samples=Samples(), takings=takings_of(run))
    return Derived(manifest_of(run), outcome, PIPELINE, lambda: TOPIC, world.database)


@given(runs())
def test_a_run_alone_is_matched_to_the_cent_whatever_its_parameters(run: Run) -> None:
    world = World()
    settled(world, run)
    assert world.wrong(run).count == 0


def test_runs_in_the_same_hours_are_matched_together(world: World) -> None:
    first, second = a_run("first"), a_run("second", duplicate_share=0.3)
    settled(world, first, second)
    assert (world.wrong(first).count, world.wrong(second).count) == (0, 0)


def test_an_order_counted_twice_is_found(world: World) -> None:
    run = a_run("r")
    settled(world, run)
    found = world.revenue.find_one()
    world.revenue.update_one({"_id": found["_id"]}, {"$set": {"orders": Int64(found["orders"] + 1)}})
    [wrong] = world.wrong(run).first
    assert (wrong.hour, wrong.payment_method) == (found["hour"], found["payment_method"])
    assert wrong.found.startswith(f"{found['orders'] + 1} orders, {found['revenue']}")
    assert wrong.expected == str(Amount(found["orders"], int(found["revenue"].to_decimal() * 100)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("revenue", Decimal128("0.01")),
        ("average_basket", None),
        ("average_basket", Decimal128("1.00")),
        ("orders", "3"),
        ("orders", 3.0),
        ("revenue", Decimal128("sNaN")),
        ("revenue", Decimal128("1E+30")),
        ("average_basket", Decimal128("Infinity")),
        ("average_basket", [0] * 100_000),
        ("hour", datetime(2026, 1, 1, tzinfo=UTC)),
        ("payment_method", "barter"),
    ],
)
def test_a_wrong_field_is_found(world: World, field: str, value: Any) -> None:
    run = a_run("r")
    settled(world, run)
    world.revenue.update_one({"_id": world.revenue.find_one()["_id"]}, {"$set": {field: value}})
    assert world.wrong(run).count == 1


@pytest.mark.parametrize("field", ["revenue", "average_basket"])
def test_a_fraction_of_a_cent_is_found(world: World, field: str) -> None:
    run = a_run("r")
    settled(world, run)
    found = world.revenue.find_one()
    more = Decimal128(found[field].to_decimal() + Decimal("0.004"))
    world.revenue.update_one({"_id": found["_id"]}, {"$set": {field: more}})
    assert world.wrong(run).count == 1


def test_an_hour_that_is_there_twice_is_found(world: World) -> None:
    """Whoever adds up hours counts both."""
    run = a_run("r")
    settled(world, run)
    copy = world.revenue.find_one()
    world.revenue.insert_one(copy | {"_id": ObjectId()})
    [wrong] = world.wrong(run).first
    assert (wrong.hour, wrong.payment_method) == (copy["hour"], copy["payment_method"])
    assert f"; and in another document {copy['orders']} order" in wrong.found


@pytest.mark.parametrize("method", ["barter", ["cash"], None, {"a": 1}])
def test_what_is_of_no_payment_method_is_no_copy(world: World, method: Any) -> None:
    run = a_run("r")
    settled(world, run)
    world.revenue.insert_one(
        {"_id": {"of": "somebody"}, "hour": world.revenue.find_one()["hour"], "payment_method": method}
    )
    assert world.wrong(run).count == 0


def test_a_missing_hour_is_found(world: World) -> None:
    run = a_run("r")
    settled(world, run)
    world.revenue.delete_one({})
    assert [each.found for each in world.wrong(run).first] == ["nothing"]


def test_while_another_run_is_on_its_way_only_less_than_ones_own_is_wrong(world: World) -> None:
    run, other = a_run("r"), a_run("other")
    settled(world, run)
    world.begin(other)
    world.sell(run, other)
    assert world.wrong(run).count == 0
    world.revenue.update_many({}, {"$set": {"orders": 0}})
    wrong = world.wrong(run)
    assert wrong.count == len(takings_of(run))
    assert all(each.expected.startswith("at least ") for each in wrong.first)


def test_a_run_of_other_hours_leaves_the_sum_exact(world: World) -> None:
    run = a_run("r")
    settled(world, run)
    world.begin(Run("much later", SeedParameters(orders=5), AS_OF + 100 * HOUR_MS))
    world.revenue.update_many({}, {"$inc": {"orders": 1}})
    assert world.wrong(run).count == len(takings_of(run))


def test_what_was_sold_before_the_topic_was_made_anew_does_not_count(world: World) -> None:
    run, before = a_run("r"), a_run("before")
    settled(world, run)
    world.note(before, topic="the one that was deleted")
    assert world.wrong(run).count == 0


def test_a_run_that_was_not_joined_completely_has_to_have_what_it_sold(world: World) -> None:
    run = a_run("r")
    world.begin(run)
    assert world.wrong(run, is_joined=False).count == len(takings_of(run))
    world.sell(run)
    assert world.wrong(run, is_joined=False).count == 0
    world.sell(run, a_run("other"))
    assert world.wrong(run, is_joined=False).count == 0


def test_a_run_whose_hours_are_not_right_does_not_make_others_wrong(world: World) -> None:
    run, broken = a_run("r"), a_run("broken")
    settled(world, run)
    world.begin(broken)
    watched = derived_of(world, broken)
    assert not watched.look(lambda _: None).done
    watched.note()
    assert world.wrong(run).count == 0
    assert watched.compare().figures.revenue_cells_wrong == len(takings_of(broken))


def test_a_run_is_held_to_its_own_and_to_all_that_were_right_before(world: World) -> None:
    """What others sold in the same hours cannot stand for what it sold."""
    run, later = a_run("r"), a_run("later")
    settled(world, run)
    world.begin(later)
    assert world.wrong(later).count == len(takings_of(later))
    world.sell(run, later)
    watched = derived_of(world, later)
    assert watched.look(lambda _: None).done
    watched.note()
    assert (world.wrong(run).count, world.wrong(later).count) == (0, 0)


@pytest.mark.parametrize("rounding", [ROUND_HALF_UP, ROUND_HALF_DOWN])
def test_an_average_between_two_cents_may_be_rounded_either_way(rounding: str) -> None:
    amount = Amount(2, 1_001)
    average = (dollars(1_001) / 2).quantize(Decimal("0.01"), rounding)
    assert amount.has_average(int(average * 100))
    assert not amount.has_average(502)


def mismatch_documents(run: Run) -> Iterable[dict[str, Any]]:
    return (mismatch_of(sale) for sale in run.sales() if sale.kind is Kind.MISMATCHED)


@given(runs())
def test_the_listed_mismatches_are_those_of_the_run(run: Run) -> None:
    world, other = World(), a_run("other", mismatch_share=0.5)
    listed = MismatchList(manifest_of(run), world.database["m"])
    assert listed.count() == 0
    world.database["m"].insert_many([*mismatch_documents(run), *mismatch_documents(other)])
    assert listed.count() == listed.planned == run.plan.mismatched
    compared = listed.compare()
    assert (compared.right, compared.wrong.count) == (run.plan.mismatched, 0)


def test_a_listed_order_that_differs_or_does_not_belong_is_named(world: World) -> None:
    run = a_run("r", mismatch_share=0.5)
    documents = list(mismatch_documents(run))
    documents[0]["difference"] = Decimal128("0.00")
    paid = next(sale for sale in run.sales() if sale.kind is Kind.PAID)
    documents.append({**documents[1], "_id": paid.order.order_id})
    world.database["m"].insert_many(documents)
    listed = MismatchList(manifest_of(run), world.database["m"]).compare()
    assert listed.right == run.plan.mismatched - 1
    assert listed.wrong.count == 2
    assert set(listed.wrong.first) == {documents[0]["_id"], paid.order.order_id}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", "another"),
        ("customer_id", "cust_1"),
        ("order_total", Decimal128("sNaN")),
        ("payment_amount", 12.5),
        ("difference", None),
        ("payment_id", "another"),
        ("payment_method", 7),
        ("order_time", "yesterday"),
        ("payment_time", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_listed_order_is_compared_field_by_field(world: World, field: str, value: Any) -> None:
    run = a_run("r", mismatch_share=0.5)
    first, *others = mismatch_documents(run)
    world.database["m"].insert_many([{**first, field: value}, *others])
    listed = MismatchList(manifest_of(run), world.database["m"]).compare()
    assert (listed.right, listed.wrong.first) == (run.plan.mismatched - 1, (first["_id"],))


def test_noting_a_run_again_changes_nothing(world: World) -> None:
    run = a_run("r")
    settled(world, run)
    world.note(run)
    assert world.wrong(run).count == 0
    assert world.book.runs(range(AS_OF, AS_OF + 1)) == {"r"}


def test_hours_are_those_of_the_orders() -> None:
    run = a_run("r")
    times = [sale.order.order_time for sale in run.sales() if sale.pairs]
    assert takings_of(run).hours == range(min(times) // HOUR_MS, max(times) // HOUR_MS + 1)
    first = min(cell for cell, _ in takings_of(run))
    assert first.document_id.startswith(f"{datetime.fromtimestamp(min(times) / 1000, UTC):%Y-%m-%dT%H} ")
    assert first.start <= datetime.fromtimestamp(min(times) / 1000, UTC) < first.start + timedelta(hours=1)


def test_what_was_seen_last_is_what_is_reported(world: World) -> None:
    """Another run may be through with the join, and be noted, before its sales are in the hours."""
    run, other = a_run("r"), a_run("other")
    settled(world, run)
    watched = derived_of(world, run)
    assert watched.look(lambda _: None).done
    world.begin(other)
    world.note(other)
    compared = watched.compare()
    assert (compared.figures.revenue_cells_wrong, compared.samples.revenue.count) == (0, 0)


def test_waiting_ends_once_the_derived_collections_have_followed(world: World) -> None:
    looks = iter([Followed(False, 3), Followed(True, 1), Followed(True, 0)])
    told: list[str] = []
    assert wait_until_settled(lambda: next(looks), 60, told.append).settled
    assert told == ["mismatches and hourly revenue have followed after 0.0 s"]


def followed(world: World, run: Run, before_each: Callable[[int], None]) -> Any:
    """Waits for what is derived from a joined run; a second passes with each look, and three end it."""
    outcome = Outcome(figures=Figures(), samples=Samples(), takings=takings_of(run))
    watched = Derived(manifest_of(run), outcome, PIPELINE, lambda: TOPIC, world.database)
    looks, seconds = count(), count(0.0, 1.0)

    def look() -> Followed:
        before_each(next(looks))
        return watched.look(lambda _: None)

    return wait_until_settled(look, 1_000, lambda _: None, 3, lambda: next(seconds))


@pytest.mark.parametrize("field", ["orders", "revenue", "average_basket"])
def test_sums_that_grow_within_hours_that_are_still_wrong_are_waited_for(world: World, field: str) -> None:
    run = a_run("r")
    settled(world, run)
    right = world.revenue.find_one()

    def grow(look: int) -> None:
        value = right[field]
        if look < 10:
            value = 100 + look if field == "orders" else Decimal128(f"1000.{look:02}")
        world.revenue.update_one({"_id": right["_id"]}, {"$set": {field: value}})

    waited = followed(world, run, grow)
    assert waited.settled
    assert waited.seconds >= 10


def test_mismatches_that_are_listed_one_by_one_are_waited_for(world: World) -> None:
    run = a_run("r", mismatch_share=0.5)
    settled(world, run)
    waiting = list(mismatch_documents(run))
    listed = world.database["payment_mismatches"]
    waited = followed(world, run, lambda _: waiting and listed.insert_one(waiting.pop()))
    assert waited.settled
    assert waited.seconds >= run.plan.mismatched - 1 > 3


def test_hours_that_stay_wrong_are_given_up(world: World) -> None:
    run = a_run("r")
    settled(world, run)
    world.revenue.delete_one({})
    waited = followed(world, run, lambda _: None)
    assert (waited.settled, waited.seconds) == (False, 4)
