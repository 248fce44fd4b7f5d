"""Whatever damage is planted between the producer and the collection is found, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import bson
import pytest
from bson import Code, CodecOptions, DatetimeMS, Decimal128, Int64
from hypothesis import given
from hypothesis import strategies as st

from macd.incidents.from_report import findings_of
from macd.producer.manifest import Acknowledged, Manifest, counts_of
from macd.producer.parameters import SeedParameters
from macd.producer.resume import Present
from macd.producer.route import route_of
from macd.producer.sales import Kind, Run
from macd.quality.checks import evaluate
from macd.quality.figures import STORED_FIGURES
from macd.quality.reconcile import Seen, reconcile
from macd.quality.report import Hop, Report
from macd.quality.sources import OnSources
from macd.quality.verify import report_on
from macd.quality.waiting import Waited
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.macd.fakes import AS_OF, document_of, runs

PIPELINE = load_pipeline(REPOSITORY / "include", "local")
ROUTE = route_of(PIPELINE)
LOSSES = ("not acknowledged", "not on topic", "not joined", "not stored", "dead-lettered")


def manifest_of(run: Run, status="complete") -> Manifest:
    counts = counts_of(run.plan)
    return Manifest(
        run_id=run.run_id,
        parameters=run.parameters,
        as_of=run.as_of,
        status=status,
        started_at=datetime(2026, 7, 16, tzinfo=UTC),
        counts=counts,
        acknowledged=Acknowledged(orders=counts.orders, payments=counts.payments),
        start_offsets=(),
    )


class Arrived:
    """A run that came through without damage, for planting some."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.manifest = manifest_of(run)
        self.sales = list(run.sales())
        self.joined = bytearray(sale.pairs for sale in self.sales)
        self.documents = {sale.order.order_id: document_of(sale) for sale in self.sales if sale.pairs}
        self.dead_letters: dict[int, str] = {}
        self.present = Present(
            bytearray(1 for _ in self.sales), bytearray(sale.copies for sale in self.sales)
        )
        self.expired: dict[str, int] = {}

    def reconciled(self):
        def find(ids):
            return [self.documents[each] for each in ids if each in self.documents]

        seen, sources = Seen(self.joined, self.dead_letters), OnSources(self.present, self.expired)
        return reconcile(self.manifest, ROUTE, seen, find, sources)

    def lose(self, sale, how):
        del self.documents[sale.order.order_id]
        if how == "not stored":
            return
        if how == "dead-lettered":
            self.dead_letters[sale.number] = "no decimal"
            return
        self.joined[sale.number] = 0
        if how == "not joined":
            return
        side = sale.number % 2
        self.present[side][sale.number] = 0


def failed(outcome):
    """The checks that do not hold, without those of the derived collections, which come later."""
    checks = [check for check in PIPELINE.checks_of("run") if check.figure not in STORED_FIGURES]
    return {check.name for check in evaluate(checks, outcome.figures) if not check.passed}


@given(runs())
def test_a_clean_run_has_no_finding(run):
    arrived = Arrived(run)
    figures, samples, takings = arrived.reconciled()
    # Mismatched payments are a warning even where the run asked for them.
    assert failed(arrived.reconciled()) - {"payments_equal_totals"} == set()
    assert figures.orders_stored == figures.orders_expected == figures.orders_joined == run.plan.expected
    assert figures.pairs_joined == figures.pairs_expected
    assert figures.order_cents_stored == figures.order_cents_expected
    assert figures.mismatches_stored == run.plan.mismatched
    assert {name: len(found["first"]) for name, found in samples.model_dump().items()} == {
        "missing": 0,
        "duplicate": 0,
        "unexpected": 0,
        "unordered": 0,
        "lost": 0,
        "altered": 0,
        "dead_lettered": 0,
        "mismatched": min(20, run.plan.mismatched),
        "mislisted": 0,
        "revenue": 0,
    }
    assert sum(amount.orders for _, amount in takings) == run.plan.expected
    assert sum(amount.cents for _, amount in takings) == figures.order_cents_expected
    assert figures.messages_missing == 0


@given(runs(), st.data())
def test_every_lost_order_is_attributed_to_its_hop(run, data):
    arrived = Arrived(run)
    if data.draw(st.booleans(), label="attempt failed"):
        arrived.manifest = manifest_of(run, "started")
    wanted = [sale for sale in arrived.sales if sale.pairs]
    fates = {
        sale.order.order_id: how
        for sale in wanted
        if (how := data.draw(st.sampled_from([None, None, *LOSSES[1:]]))) is not None
    }
    for sale in wanted:
        if sale.order.order_id in fates:
            arrived.lose(sale, fates[sale.order.order_id])
    figures, samples, _ = arrived.reconciled()
    if arrived.manifest.status == "started":
        fates = {order: LOSSES[0] if how == LOSSES[1] else how for order, how in fates.items()}
    by_hop = {how: sum(found == how for found in fates.values()) for how in LOSSES}
    assert figures.missing_not_acknowledged == by_hop["not acknowledged"]
    assert figures.missing_not_on_topic == by_hop["not on topic"]
    assert figures.missing_not_joined == by_hop["not joined"]
    assert figures.missing_not_stored == by_hop["not stored"]
    assert figures.orders_dead_lettered == by_hop["dead-lettered"]
    assert figures.orders_missing == len(fates) - by_hop["dead-lettered"]
    assert figures.orders_accounted + figures.orders_missing == figures.orders_expected
    told = {each.order_id: each.hop.value for each in samples.missing.first}
    told |= {each.order_id: "dead-lettered" for each in samples.dead_lettered.first}
    assert told.items() <= fates.items()
    assert len(told) == figures.orders_missing + min(20, figures.orders_dead_lettered)
    assert (samples.missing.count, samples.duplicate.count) == (figures.orders_missing, 0)
    assert ("no_order_missing" in failed(arrived.reconciled())) == bool(figures.orders_missing)


@given(runs(), st.data())
def test_extra_pairs_and_unwanted_orders_are_found(run, data):
    arrived = Arrived(run)
    duplicate, unexpected = set(), set()
    for sale in arrived.sales:
        if not data.draw(st.booleans()):
            continue
        if sale.pairs:
            arrived.joined[sale.number] += 1
            duplicate.add(sale.order.order_id)
        else:
            unexpected.add(sale.order.order_id)
            if data.draw(st.booleans(), label="stored"):
                arrived.documents[sale.order.order_id] = {"_id": sale.order.order_id}
            else:
                arrived.joined[sale.number] = 1
    figures, samples, _ = arrived.reconciled()
    assert figures.orders_duplicate == samples.duplicate.count == len(duplicate)
    assert figures.orders_unexpected == samples.unexpected.count == len(unexpected)
    assert {each.order_id for each in samples.duplicate.first} <= duplicate
    assert {each.order_id for each in samples.unexpected.first} <= unexpected
    assert figures.orders_missing == figures.orders_altered == 0


OF_AN_ITEM = ("item_name", "quantity", "price")


def assert_can_be_stored(outcome):
    """As MongoDB would: at most a document's size, and the same when it is read back."""
    report = report_on("r", PIPELINE.checks_of("run"), outcome, Waited(True, 0))
    stored = bson.encode(report.to_mongo())
    assert len(stored) < 1_000_000
    assert Report.from_mongo(bson.decode(stored, CodecOptions(tz_aware=True))) == report
    assert findings_of(report)
    assert report.render_text()


def set_field(document, path, value):
    if path in OF_AN_ITEM:
        document["order_items"][-1][path] = value
    else:
        document[path] = value


ALTERATIONS = [
    ("order_total", lambda old: Decimal128(old.to_decimal() + Decimal("0.01")), "order_total"),
    ("order_total", lambda old: float(old.to_decimal()), "order_total"),
    ("order_total", lambda old: None, "order_total"),
    ("payment_amount", lambda old: Decimal128("NaN"), "payment_amount"),
    ("payment_amount", lambda old: Decimal128(old.to_decimal() + Decimal("0.001")), "payment_amount"),
    ("price", lambda old: Decimal128(old.to_decimal() * 2), "order_items[0].price"),
    ("order_items", lambda old: [], "order_items"),
    ("order_items", lambda old: "Big Mac", "order_items"),
    ("order_items", lambda old: [None], "order_items[0].item_name"),
    ("order_time", lambda old: old + timedelta(milliseconds=1), "order_time"),
    ("payment_time", lambda old: old.isoformat(), "payment_time"),
    ("customer_id", lambda old: old.upper(), "customer_id"),
    ("payment_method", lambda old: "barter", "payment_method"),
    ("payment_id", lambda old: "another", "payment_id"),
    # Equal in Python, but not the int32 and not the amount that the schema gives.
    ("quantity", float, "order_items[0].quantity"),
    ("quantity", Int64, "order_items[0].quantity"),
    ("quantity", lambda old: Decimal128(str(old)), "order_items[0].quantity"),
    ("item_name", str.encode, "order_items[0].item_name"),
    ("customer_id", Code, "customer_id"),
    # None of them is an amount that can be compared or added up.
    ("order_total", lambda old: Decimal128("sNaN"), "order_total"),
    ("order_total", lambda old: Decimal128("-Infinity"), "order_total"),
    ("order_total", lambda old: Decimal128("1E+30"), "order_total"),
    ("order_total", lambda old: Decimal128("9.999999999999999999999999999999999E+6144"), "order_total"),
    ("payment_amount", lambda old: Decimal128("1234567890123456789012345678901.234"), "payment_amount"),
    ("payment_amount", lambda old: [10**18] * 100_000, "payment_amount"),
    ("price", lambda old: Decimal128("sNaN"), "order_items[0].price"),
    ("order_time", lambda old: DatetimeMS(2**62), "order_time"),
    ("customer_id", lambda old: {"x" * 1_000: 2**62}, "customer_id"),
]


def test_a_quantity_that_is_true_is_not_one():
    arrived = Arrived(Run("r", SeedParameters(orders=12), AS_OF))
    sale = next(sale for sale in arrived.sales if sale.order.items[0].quantity == 1)
    arrived.documents[sale.order.order_id]["order_items"][0]["quantity"] = True
    (altered,) = arrived.reconciled().samples.altered.first
    assert [each.field for each in altered.differences] == ["order_items[0].quantity"]


@pytest.mark.parametrize(("path", "change", "named"), ALTERATIONS)
def test_an_altered_field_is_named(path, change, named):
    arrived = Arrived(Run("r", SeedParameters(orders=12), AS_OF))
    sale = next(sale for sale in arrived.sales if len(sale.order.items) == 1)
    document = arrived.documents[sale.order.order_id]
    old = (document["order_items"][-1] if path in OF_AN_ITEM else document)[path]
    set_field(document, path, change(old))
    outcome = arrived.reconciled()
    (altered,) = outcome.samples.altered.first
    assert altered.order_id == sale.order.order_id
    assert named in {difference.field for difference in altered.differences}
    assert "no_altered_orders" in failed(outcome)
    assert_can_be_stored(outcome)


def test_a_further_field_and_another_scale_are_no_alteration():
    arrived = Arrived(Run("r", SeedParameters(orders=3), AS_OF))
    for document in arrived.documents.values():
        document["restaurant"] = "Pune"
        document["order_total"] = Decimal128(document["order_total"].to_decimal().quantize(Decimal("0.0000")))
    assert failed(arrived.reconciled()) == set()


def test_a_planned_mismatch_that_was_evened_out_is_found():
    arrived = Arrived(Run("r", SeedParameters(orders=20, mismatch_share=0.5), AS_OF))
    sale = next(sale for sale in arrived.sales if sale.kind is Kind.MISMATCHED)
    document = arrived.documents[sale.order.order_id]
    document["payment_amount"] = document["order_total"]
    outcome = arrived.reconciled()
    assert outcome.figures.mismatches_unplanned == 1
    assert {"mismatches_as_planned", "no_altered_orders", "payment_amounts_match"} <= failed(outcome)


def test_a_stored_order_with_a_dead_letter_counts_as_stored():
    arrived = Arrived(Run("r", SeedParameters(orders=3), AS_OF))
    arrived.dead_letters[0] = "replayed since"
    figures = arrived.reconciled().figures
    assert (figures.orders_stored, figures.orders_dead_lettered) == (3, 0)


def test_reasons_that_quote_whole_records_leave_the_report_small():
    arrived = Arrived(Run("r", SeedParameters(orders=30), AS_OF))
    for sale in arrived.sales:
        arrived.lose(sale, "dead-lettered")
        arrived.dead_letters[sale.number] = "no decimal: " + "9" * 1_000_000
    outcome = arrived.reconciled()
    assert outcome.samples.dead_lettered.first[0].reason.startswith("no decimal: 999")
    assert_can_be_stored(outcome)


def test_lists_name_the_first_and_count_all():
    arrived = Arrived(Run("r", SeedParameters(orders=1_070), AS_OF))
    arrived.documents.clear()
    samples = arrived.reconciled().samples
    assert samples.missing.count == 1_070
    assert len(samples.missing.first) == 1_000
    assert {each.hop for each in samples.missing.first} == {Hop.NOT_STORED}
