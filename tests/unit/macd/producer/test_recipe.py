"""Which generator made a run, and that a run of another one is refused rather than made wrongly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import mongomock
import pytest

from macd.errors import RunNotReproducible
from macd.producer import recipe, sales
from macd.producer.manifest import Manifest, Totals
from macd.producer.parameters import SeedParameters
from macd.producer.resume import begin
from macd.producer.sales import Kind, Run
from macd.producer.store import RunStore
from macd.quality.watch import RunWatch
from macd.repair.affected import KnownRuns, affected_runs
from tests.unit.macd.fakes import AS_OF
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of

HINT = """
Recipe 1 makes other records than before: no run that it made could be verified, resumed or repaired any more.
If that is what you want, give RECIPE_NUMBER in producer/sales.py the next number and pin what it makes here.
FIRST in producer/recipe.py stays: it says what made the runs whose manifests name no recipe.
"""
RUN = Run(
    "manual__2026-01-01T00:00:00+00:00",
    SeedParameters(
        orders=200,
        seed=3,
        unpaid_share=0.1,
        mismatch_share=0.2,
        outside_window_share=0.15,
        duplicate_share=0.25,
    ),
    AS_OF,
)


def test_recipe_1_makes_the_records_that_it_always_made() -> None:
    made = hashlib.sha256()
    for sale in RUN.sales():
        order, payment = sale.order, sale.payment
        items = [[item.item_name, item.quantity, item.price_cents] for item in order.items]
        told: list[Any] = [sale.kind.value, sale.copies, order.customer_id, order.total_cents, items]
        told += [order.order_time, *(payment[2:] if payment else ())]
        made.update(repr(told).encode())
    assert {sale.kind for sale in RUN.sales()} == set(Kind)
    assert made.hexdigest() == "3a46e1b3bdd7213dc434c8f82c128ffb73da43a1181a70bca73fc07ee4e9d406", HINT
    assert (recipe.recipe(), recipe.FIRST) == ("1-45feb163", "1-45feb163"), HINT


def test_ids_are_the_same_in_every_recipe() -> None:
    """Retention and dead letters find a run's orders by them, whoever made it."""
    orders, payments = RUN.order_ids.maker(), RUN.payment_ids.maker()
    assert [orders(0), orders(199), payments(7)] == [
        "f40c1d15-fa13-87c5-8cfe-6faac8f49b97",
        "f40c1d15-fa13-87c5-8cfe-6faac614342e",
        "bc358625-c0f0-8234-a855-27126a4d413f",
    ]


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package whose menu has one dish less."""
    monkeypatch.setattr(sales, "_LINES", sales._LINES[:-1])
    recipe.recipe.cache_clear()
    yield
    recipe.recipe.cache_clear()


def watch(manifest: Manifest) -> Any:
    return RunWatch(manifest, ROUTE, None, None)  # type: ignore[arg-type]


def resume(manifest: Manifest) -> Any:
    store = RunStore(mongomock.MongoClient(tz_aware=True)["macd"])
    store.begin(manifest)
    return begin(store, RUN.run_id, RUN.parameters, tuple, datetime.now(UTC)).run


@pytest.mark.usefixtures("another")
@pytest.mark.parametrize("use", [watch, resume])
def test_a_run_of_another_recipe_is_refused_wherever_its_records_are_needed(
    use: Callable[[Manifest], Any],
) -> None:
    with pytest.raises(
        RunNotReproducible, match=r"made by recipe 1-45feb163, and this package makes 1-\w{8}"
    ):
        use(manifest_of(RUN, status="started"))


@pytest.mark.usefixtures("another")
def test_its_orders_are_still_known() -> None:
    manifest = manifest_of(RUN)
    key = RUN.order_ids.maker()(5).encode()
    assert not KnownRuns([manifest]).forgot(key)
    assert affected_runs([key], [manifest]) == (RUN.run_id,)


def test_a_new_run_notes_the_recipe_and_an_old_manifest_has_the_first() -> None:
    store = RunStore(mongomock.MongoClient(tz_aware=True)["macd"])
    begun = begin(store, RUN.run_id, RUN.parameters, tuple, datetime.now(UTC))
    assert begun.recipe == "1-45feb163"
    document = begun.to_mongo()
    del document["recipe"]
    assert Manifest.from_mongo(document).recipe == "1-45feb163"


@pytest.mark.parametrize(
    "change",
    [
        {"totals": Totals(order_cents=1, payment_cents=1)},
        {"counts": manifest_of(RUN).counts.model_copy(update={"paid": 7})},
    ],
)
def test_a_manifest_whose_sums_do_not_fit_its_records_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RunNotReproducible, match=f"The {next(iter(change))} of run"):
        watch(manifest_of(RUN).model_copy(update=change))


def test_the_sums_of_an_untouched_manifest_fit() -> None:
    totals = Totals(order_cents=384_579, payment_cents=346_669)
    watch(manifest_of(RUN).model_copy(update={"totals": totals}))
