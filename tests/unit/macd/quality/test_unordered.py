"""Documents and joined records that have ids of a run and that nobody ordered."""

from __future__ import annotations

from typing import Any, cast

import mongomock
import pytest
from bson import Code, Int64, ObjectId

from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.quality.checks import evaluate
from macd.quality.reconcile import Outcome, Seen
from macd.quality.unordered import with_unordered
from tests.unit.macd.fakes import AS_OF, document_of
from tests.unit.macd.quality.test_reconcile import PIPELINE, ROUTE, Arrived
from tests.unit.macd.quality.test_watch import World

RUN = Run("r", SeedParameters(orders=20, unpaid_share=0.2), AS_OF)
OTHER = Run("other", SeedParameters(orders=20), AS_OF)
ORDERED = [document_of(sale) for sale in RUN.sales() if sale.pairs]
UNPAID = next(sale.order.order_id for sale in RUN.sales() if not sale.pairs)
PREFIX = RUN.order_ids.prefix.decode()
BEYOND = RUN.order_ids.maker()(20)
COPIED = ORDERED[0]["_id"]
COPY = ObjectId("0123456789abcdef01234567")


def judged(*documents: dict[str, Any], pairs: dict[bytes, int] | None = None) -> Outcome:
    arrived = Arrived(RUN)
    seen = Seen(arrived.joined, {}, pairs or {})
    collection: Any = mongomock.MongoClient()["macd"]["orders"]
    collection.insert_many([*ORDERED, *map(document_of, OTHER.sales()), *documents])
    return with_unordered(arrived.reconciled(), arrived.manifest, ROUTE, seen, collection)


def failed(outcome: Outcome) -> set[str]:
    return {
        check.name
        for check in evaluate(PIPELINE.checks_of("run"), outcome.figures)
        if not check.passed and "unordered" in check.name
    }


def test_what_was_ordered_is_not_counted() -> None:
    outcome = judged()
    assert (outcome.figures.documents_unordered, outcome.figures.pairs_unordered) == (0, 0)
    assert failed(outcome) == set()


@pytest.mark.parametrize(
    ("document", "order_id", "where"),
    [
        ({"_id": COPY, "order_id": COPIED}, COPIED, f"under the _id ObjectId('{COPY}')"),
        ({"_id": "x", "order_id": COPIED}, COPIED, "under the _id 'x'"),
        ({"_id": Int64(7), "order_id": UNPAID}, UNPAID, "under the _id 7"),
        ({"_id": BEYOND, "order_id": BEYOND}, BEYOND, ""),
        ({"_id": BEYOND, "order_id": COPIED}, BEYOND, ""),
        ({"_id": COPIED.upper(), "order_id": COPIED}, COPIED, f"under the _id '{COPIED.upper()}'"),
        ({"_id": f"{PREFIX}zz"}, f"{PREFIX}zz", ""),
        ({"_id": PREFIX}, PREFIX, ""),
    ],
)
def test_a_document_that_nobody_ordered_is_named(document: dict[str, Any], order_id: str, where: str) -> None:
    outcome = judged(document)
    (found,) = outcome.samples.unordered.first
    assert (found.order_id, found.where) == (order_id, f"orders_payments_joined {where}".rstrip())
    assert (outcome.figures.documents_unordered, outcome.figures.pairs_unordered) == (1, 0)
    assert failed(outcome) == {"no_unordered_documents"}


def test_an_id_that_only_looks_like_an_orders_is_no_order() -> None:
    class Holds:
        """In place of a MongoDB in memory, which cannot hold what has no hash."""

        def find(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
            return [*ORDERED, {"_id": Code(COPIED), "order_id": COPIED}]

    arrived, collection = Arrived(RUN), cast(Any, Holds())
    outcome = with_unordered(
        arrived.reconciled(), arrived.manifest, ROUTE, Seen(arrived.joined, {}), collection
    )
    assert [each.order_id for each in outcome.samples.unordered.first] == [COPIED]


@pytest.mark.parametrize("document", [{"_id": "x"}, {"_id": ObjectId(), "order_id": "x"}, {"_id": UNPAID}])
def test_what_is_no_concern_of_the_run_or_is_found_elsewhere_is_not_counted(document: dict[str, Any]) -> None:
    assert judged(document).figures.documents_unordered == 0


def test_a_joined_record_that_nobody_ordered_is_counted_as_often_as_it_is_there() -> None:
    world = World(RUN)
    for key in (BEYOND, BEYOND, COPIED.upper(), f"{PREFIX}zz", PREFIX, OTHER.order_ids.maker()(3)):
        world.broker.append(ROUTE.joined_topic, key.encode())
    world.broker.append(ROUTE.dead_letter_topic, f"{PREFIX}zz".encode())
    world.watch.look()
    outcome = judged(pairs=world.watch.unordered)
    assert (outcome.figures.documents_unordered, outcome.figures.pairs_unordered) == (0, 4)
    assert {each.order_id for each in outcome.samples.unordered.first} == {BEYOND, f"{PREFIX}zz", PREFIX}
    assert {each.where for each in outcome.samples.unordered.first} == {"macd_orders_payments_joined"}
    assert failed(outcome) == {"no_unordered_pairs"}


def test_the_list_has_twenty_and_the_count_all() -> None:
    outcome = judged(
        *({"_id": f"copy {n}", "order_id": COPIED} for n in range(30)), pairs={BEYOND.encode(): 3}
    )
    assert (outcome.samples.unordered.count, len(outcome.samples.unordered.first)) == (33, 20)
