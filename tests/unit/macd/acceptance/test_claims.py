"""A claim about a run that is not so does not hold, whatever the services say."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import mongomock
import pytest

from macd.acceptance import mending, runs
from macd.acceptance.world import World
from macd.clients.records import Position
from macd.errors import AcceptanceFailed
from macd.producer.manifest import counts_of
from macd.producer.parameters import SeedParameters, plan_of
from macd.producer.sales import Run
from macd.quality.figures import Figures
from macd.quality.report import Hop, Listing, MissingOrder, Samples
from macd.repair.resink import Lost, Resunk, Survey
from macd.repair.settle import Arrival
from tests.unit.macd.fakes import AS_OF
from tests.unit.reports import report_of

RUN = Run("kit__mended", SeedParameters(orders=40), AS_OF)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL_STORED = Arrival(5, 5, 0)
FIRST = [sale.order.order_id for sale in RUN.sales()][:5]


@pytest.fixture
def world(pipeline, monkeypatch):
    """A run whose 40 orders are stored, in a database in memory."""
    database = mongomock.MongoClient().macd
    database.orders_payments_joined.insert_many([{"_id": sale.order.order_id} for sale in RUN.sales()])

    @contextmanager
    def connected(_: Any) -> Any:
        yield database

    monkeypatch.setattr(mending, "connected", connected)
    monkeypatch.setattr(
        mending, "RunStore", lambda _: SimpleNamespace(get=lambda _: SimpleNamespace(run=RUN))
    )
    monkeypatch.setattr(mending, "seeded_and_verified", lambda *_: None)
    monkeypatch.setattr(mending, "verified", lambda *_: SimpleNamespace(verdict="PASSED"))
    rules: Any = None
    there: Any = SimpleNamespace(spec=pipeline, services=SimpleNamespace(mongodb=None, kafka=None))
    found = World(there, rules, orders=40, prefix="kit")
    found.database = database  # type: ignore[attr-defined]
    return found


def survey(*ids: str, hop: Hop = Hop.NOT_STORED) -> Survey:
    first = tuple(MissingOrder(order_id=each, hop=hop, where="macd.orders") for each in ids)
    missing = Samples(missing=Listing[MissingOrder](count=len(ids), first=first))
    return Survey(
        report_of("kit__mended", passed=False, verified_at=NOW).model_copy(update={"samples": missing}),
        Lost((), ()),
        (),
    )


def repair(world: World, monkeypatch: Any, found: Survey, arrival: Arrival = ALL_STORED) -> list[str]:
    monkeypatch.setattr(mending, "survey_run", lambda *_: found)
    monkeypatch.setattr(mending, "resink_run", lambda *_, **__: Resunk(arrival))
    return mending.repair(world)


def test_a_repair_that_names_and_brings_back_what_was_deleted_holds(world, monkeypatch):
    facts = repair(world, monkeypatch, survey(*FIRST))
    assert facts[0] == "the 5 deleted orders were named, each as 'not stored'"
    left = {each["_id"] for each in world.database.orders_payments_joined.find()}
    assert left == {sale.order.order_id for sale in RUN.sales()} - set(FIRST)


@pytest.mark.parametrize(
    "found",
    [
        survey(*FIRST[:4]),
        survey(*FIRST[:4], "another"),
        survey(*FIRST, hop=Hop.NOT_JOINED),
        survey(*FIRST, "more"),
    ],
    ids=["one is not named", "a wrong one is", "at another hop", "one too many"],
)
def test_anything_else_than_the_deleted_orders_at_their_hop_does_not_hold(world, monkeypatch, found):
    with pytest.raises(AcceptanceFailed, match="5 orders were deleted from MongoDB; the report says"):
        repair(world, monkeypatch, found)


def test_an_order_that_does_not_come_back_does_not_hold(world, monkeypatch):
    with pytest.raises(AcceptanceFailed, match="4 stored, 1 back as dead letters"):
        repair(world, monkeypatch, survey(*FIRST), Arrival(5, 4, 1))


def test_a_dry_run_that_writes_does_not_hold(world, monkeypatch):
    def writing(*_: Any) -> Survey:
        world.database.orders_payments_joined.insert_one({"_id": FIRST[0]})
        return survey(*FIRST)

    monkeypatch.setattr(mending, "survey_run", writing)
    with pytest.raises(AcceptanceFailed, match="A dry run has written"):
        mending.repair(world)


def test_a_run_asked_for_again_that_adds_a_record_does_not_hold(world, monkeypatch):
    ends = [(Position("macd_orders", 0, 40),), (Position("macd_orders", 0, 41),)]
    monkeypatch.setattr(runs, "end_offsets", lambda *_: ends.pop(0))
    monkeypatch.setattr(runs, "seed_run", lambda *_: None)
    with pytest.raises(
        AcceptanceFailed, match="Seeding the complete run 'kit__clean' again has added records"
    ):
        runs.same_run_again(world)


@pytest.mark.parametrize(("stored", "mismatched"), [(33, 2), (34, 1)])
def test_faults_that_come_out_otherwise_than_planned_do_not_hold(world, monkeypatch, stored, mismatched):
    """Of 40 orders 4 are unpaid and 2 too late, so 34 have to be stored; 2 of these are mismatched."""
    figures = Figures(orders_stored=stored, mismatches_stored=mismatched)
    report = report_of("kit__faults", passed=True, verified_at=NOW).model_copy(update={"figures": figures})
    monkeypatch.setattr(runs, "verify_run", lambda *_: report)

    def seeded(run_id: str, parameters: SeedParameters, *_: Any) -> Any:
        return SimpleNamespace(counts=counts_of(plan_of(parameters)))

    monkeypatch.setattr(runs, "seed_run", seeded)
    told = f"{stored} stored and {mismatched} mismatched; planned were 34 and 2"
    with pytest.raises(AcceptanceFailed, match=told):
        runs.run_with_faults(world)
