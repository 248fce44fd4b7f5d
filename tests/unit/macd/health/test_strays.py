"""Documents that belong to no run, and orders that are stored more than once, on an in-memory MongoDB."""

from __future__ import annotations

from typing import Any

import mongomock
import pytest
from bson import Code, Int64, ObjectId

from macd.health import strays as module
from macd.health.strays import Strays, find_strays
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.producer.store import RunStore
from tests.unit.macd.fakes import AS_OF, document_of
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of

RUNS = [Run(f"run {n}", SeedParameters(orders=5, seed=n), AS_OF) for n in range(4)]
DOCUMENTS = [document_of(sale) for run in RUNS for sale in run.sales()]
FIRST, SECOND = DOCUMENTS[0], DOCUMENTS[1]
COPY = ObjectId("0123456789abcdef01234567")
BEYOND = RUNS[0].order_ids.maker()(5)


@pytest.fixture(params=[module.COMPARED, 0], ids=["all are compared", "too many to compare"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "COMPARED", request.param)
    database: Any = mongomock.MongoClient(tz_aware=True)["books"]
    for run in RUNS:
        RunStore(database).begin(manifest_of(run, "started"))
    orders_of(database).insert_many(DOCUMENTS)
    return database


def orders_of(database: Any) -> Any:
    return database.client[ROUTE.database][ROUTE.collection]


def found(database: Any, *documents: dict[str, Any]) -> Strays:
    if documents:
        orders_of(database).insert_many(documents)
    return find_strays(database, ROUTE)


@pytest.mark.parametrize("parameters", [None, "no", {}, {"seed": "x"}])
def test_what_may_be_of_a_damaged_run_is_not_said_to_be_of_none(database: Any, parameters: Any) -> None:
    database["seeding_runs"].insert_one({"_id": "damaged", "parameters": parameters})
    assert found(database, {"_id": "x"}) == Strays()


def test_a_damaged_run_that_tells_its_seed_is_known(database: Any) -> None:
    database["seeding_runs"].update_one({"_id": RUNS[0].run_id}, {"$unset": {"counts": 1}})
    assert found(database, {"_id": "x"}) == Strays(1, ("'x'",), ())


def test_documents_of_known_runs_are_none(database: Any) -> None:
    assert found(database) == Strays(0, (), ())


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"_id": "x"}, "'x'"),
        ({"_id": ""}, "''"),
        ({"_id": "~", "order_id": "nobody else's"}, "'~'"),
        ({"_id": COPY}, f"ObjectId('{COPY}')"),
        ({"_id": Int64(7), "order_id": 7}, "7"),
        ({"_id": FIRST["_id"].upper()}, repr(FIRST["_id"].upper())),
    ],
)
def test_a_document_of_no_run_is_counted_and_named(database: Any, document: Any, shown: str) -> None:
    assert found(database, document) == Strays(1, (shown,), ())


def test_an_order_under_a_second_id_is_repeated(database: Any) -> None:
    strays = found(
        database, {**FIRST, "_id": COPY}, {"_id": "a", "order_id": "new"}, {"_id": "b", "order_id": "new"}
    )
    assert (strays.of_no_run, strays.repeated) == (3, tuple(sorted([FIRST["_id"], "new"])))


def test_an_order_that_is_only_once_there_under_another_id_is_not_repeated(database: Any) -> None:
    assert found(database, {"_id": COPY, "order_id": "new"}).repeated == ()


@pytest.mark.parametrize("order_id", [Code(FIRST["_id"]), 7, None, [FIRST["_id"]], {"a": 1}])
def test_what_is_no_order_id_is_no_repeated_order(database: Any, order_id: Any) -> None:
    orders_of(database).update_one({"_id": SECOND["_id"]}, {"$set": {"order_id": order_id}})
    assert found(database, {"_id": COPY, "order_id": order_id}).repeated == ()


def test_a_runs_own_document_that_holds_another_order_is_found_where_all_are_compared(database: Any) -> None:
    strays = found(database, {"_id": BEYOND, "order_id": FIRST["_id"]})
    assert (strays.of_no_run, strays.repeated) == (0, (FIRST["_id"],) if module.COMPARED else ())


def test_documents_of_a_run_without_a_manifest_belong_to_none(database: Any) -> None:
    database["seeding_runs"].delete_one({"_id": "run 2"})
    assert found(database).of_no_run == 5


def test_a_manifest_that_cannot_be_read_as_a_whole_names_its_run_nevertheless(database: Any) -> None:
    database["seeding_runs"].update_one(
        {"_id": "run 2"}, {"$set": {"counts": "spoilt"}, "$unset": {"as_of": 1}}
    )
    assert found(database).of_no_run == 0


def test_without_any_run_everything_is_a_stray(database: Any) -> None:
    database["seeding_runs"].delete_many({})
    strays = found(database)
    assert (strays.of_no_run, strays.repeated) == (20, ())


def test_more_than_are_examined_are_counted_all_the_same(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXAMINED", 10)
    strays = found(database, *({"_id": f"x{n}", "order_id": FIRST["_id"]} for n in range(50)))
    assert (strays.of_no_run, strays.repeated) == (50, (FIRST["_id"],))


class BeginsLate:
    """The database, in which a run begins and stores its orders just after the runs were first listed."""

    def __init__(self, database: Any, run: Run) -> None:
        self.database, self.client, self.late = database, database.client, [run]

    def __getitem__(self, name: str) -> Any:
        return self if name == "seeding_runs" else self.database[name]

    def find(self, *query: Any) -> list[Any]:
        found = list(self.database["seeding_runs"].find(*query))
        for run in self.late:
            RunStore(self.database).begin(manifest_of(run, "started"))
            orders_of(self.database).insert_many(list(map(document_of, run.sales())))
        self.late = []
        return found


def test_a_run_that_begins_while_this_is_looked_at_is_known(database: Any) -> None:
    late = BeginsLate(database, Run("late", SeedParameters(orders=5), AS_OF))
    assert find_strays(late, ROUTE) == Strays(0, (), ())
    assert orders_of(database).count_documents({}) == 25
