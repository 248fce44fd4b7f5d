from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.incidents.incident import Incident
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.repair.retention import delete_runs_before
from tests.unit.macd.fakes import AS_OF, FakeCursor
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of
from tests.unit.macd.quality.verified import COMPLETED, RUN, Verified
from tests.unit.macd.repair.world import Killed

NOW = datetime(2026, 7, 31, tzinfo=UTC)
CUT = NOW - timedelta(days=7)


class Deleted:
    def __init__(self, count: int) -> None:
        self.deleted_count = count


class Collection:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.documents: dict[str, dict[str, Any]] = {}

    def find(self, query: dict[str, Any] | None = None, projection: Any = None, **order: Any) -> FakeCursor:
        def fits(document: dict[str, Any]) -> bool:
            return all(
                document.get(name) in (wanted["$in"] if isinstance(wanted, dict) else [wanted])
                for name, wanted in (query or {}).items()
            )

        return FakeCursor(filter(fits, self.documents.values()))

    def find_one(self, query: dict[str, Any]) -> dict[str, Any] | None:
        return self.documents.get(query["_id"])

    def replace_one(self, query: dict[str, Any], document: dict[str, Any], upsert: bool) -> None:
        self.database.step()
        self.documents[query["_id"]] = document

    def delete_one(self, query: dict[str, Any]) -> None:
        self.database.step()
        self.documents.pop(query["_id"], None)

    def delete_many(self, query: dict[str, Any]) -> Deleted:
        self.database.step()
        if "_id" not in query:
            return Deleted(0)
        ids = [each for each in query["_id"]["$in"] if each in self.documents]
        for each in ids:
            del self.documents[each]
        return Deleted(len(ids))

    def update_many(self, query: dict[str, Any], update: dict[str, Any]) -> None:
        self.database.step()
        for each in self.documents.values():
            if query.items() <= each.items():
                each.update(update["$set"])


class Database:
    """Serves as the client as well: every database is this one."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.kill_at = -1
        self.steps = 0

    @property
    def client(self) -> dict[str, Database]:
        return {ROUTE.database: self}

    def __getitem__(self, name: str) -> Collection:
        return self.collections.setdefault(name, Collection(self))

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed

    def add(self, run_id: str, age_days: int, passed: bool | None = True, orders: int = 5) -> set[str]:
        """A completed run with its documents; returns their ids."""
        run = Run(run_id, SeedParameters(orders=orders), AS_OF)
        completed = {"completed_at": NOW - timedelta(days=age_days)}
        self["seeding_runs"].documents[run_id] = manifest_of(run).model_copy(update=completed).to_mongo()
        if passed is not None:
            self["quality_reports"].documents[run_id] = {"_id": run_id, "passed": passed}
        make = run.order_ids.maker()
        ids = {make(number) for number in range(orders)}
        self[ROUTE.collection].documents |= {each: {"_id": each} for each in ids}
        return ids

    def fail_once_read(self, run_id: str) -> None:
        """A check ends with a failing report just after the reports were read."""
        reports = self["quality_reports"]
        find = reports.find

        def find_and_fail(*given: Any) -> FakeCursor:
            found = find(*given)
            reports.documents[run_id] = {"_id": run_id, "passed": False}
            return found

        reports.find = find_and_fail  # type: ignore[method-assign]

    def ids(self, collection: str) -> set[str]:
        return set(self[collection].documents)


def test_only_old_runs_that_passed_are_deleted_and_it_is_said() -> None:
    database, said = Database(), []
    database.add("old", 8)
    kept = database.add("young", 6) | database.add("failed", 30, passed=False)
    kept |= database.add("unverified", 30, passed=None)
    deleted = delete_runs_before(CUT, database, ROUTE, said.append)
    assert (deleted.runs, deleted.documents) == (("old",), 5)
    assert database.ids(ROUTE.collection) == kept
    assert database.ids("seeding_runs") == {"young", "failed", "unverified"}
    assert database.ids("quality_reports") == {"young", "failed"}
    assert database.ids("runs_deleted") == {"old"}
    assert said == ["Deleted run old: 5 documents, its manifest and its report."]
    assert delete_runs_before(CUT, database, ROUTE).verdict == "no run was old enough to delete"


def test_what_was_wrong_with_a_run_that_is_gone_is_over() -> None:
    """What a check found may be booked when the run has been deleted already: the next deletion ends it."""
    database = Database()
    database.add("old", 8)
    database.add("young", 6)
    for number, run_id in enumerate(("old", "gone", "young")):
        incident = Incident(
            **{"id": run_id, "number": number, "subject": f"run {run_id}", "run_id": run_id, "check": "c"},
            **{"severity": "warn", "message": "m", "next_step": "n", "opened_at": NOW, "last_seen_at": NOW},
        )
        database["incidents"].documents[run_id] = incident.to_mongo()
    delete_runs_before(CUT, database, ROUTE)
    found = database["incidents"].documents
    assert [found[run_id]["closed_at"] is None for run_id in ("old", "gone", "young")] == [False, False, True]


def test_a_run_that_fails_while_it_is_chosen_stays() -> None:
    """The reports are read before the first note is written, and a check may end in between."""
    database = Database()
    kept = database.add("old", 8)
    database.fail_once_read("old")
    deleted = delete_runs_before(CUT, database, ROUTE)
    assert deleted.runs == ()
    assert database.ids(ROUTE.collection) == kept
    assert database.ids("seeding_runs") == {"old"}
    assert database.ids("runs_being_deleted") == set()


def test_a_run_that_is_half_gone_is_not_kept_for_a_report_that_came_too_late() -> None:
    database = Database()
    database.add("old", 8)
    for book in ("runs_being_deleted", "runs_deleted"):
        database[book].documents["old"] = {"_id": "old", "deleted_at": NOW}
    database.fail_once_read("old")
    assert delete_runs_before(CUT, database, ROUTE).runs == ("old",)
    assert database.ids(ROUTE.collection) == database.ids("quality_reports") == set()


def test_a_run_that_failed_before_anything_of_it_was_deleted_stays() -> None:
    """Its deletion was noted, and killed before a second look at the report."""
    database = Database()
    kept = database.add("old", 8, passed=False)
    database["runs_being_deleted"].documents["old"] = {"_id": "old"}
    assert delete_runs_before(CUT, database, ROUTE).runs == ()
    assert (database.ids(ROUTE.collection), database.ids("runs_being_deleted")) == (kept, set())


@pytest.mark.parametrize(
    ("outcomes", "deleted"),
    [
        (("passed", "another recipe", "another recipe"), True),
        (("another recipe", "passed", "another recipe"), True),
        (("passed", "failed", "another recipe"), False),
        (("another recipe",), False),
    ],
)
def test_a_run_that_can_no_longer_be_verified_is_deleted_if_it_had_passed(
    monkeypatch: pytest.MonkeyPatch, outcomes: tuple[str, ...], *, deleted: bool
) -> None:
    """Its last result counts: that there is none any more says nothing against it."""
    world = Verified(monkeypatch, orders=6)
    runs, order = world.database["seeding_runs"], world.stored.find_one()
    recipe = runs.find_one({"_id": RUN})["recipe"]
    for outcome in outcomes:
        made_by = "other" if outcome == "another recipe" else recipe
        runs.update_one({"_id": RUN}, {"$set": {"recipe": made_by}})
        world.stored.delete_one({"_id": order["_id"]})
        if outcome != "failed":
            world.stored.insert_one(order)
        assert world.verify().passed == (outcome == "passed")
    found = delete_runs_before(COMPLETED + timedelta(days=1), world.database, ROUTE).runs
    assert found == ((RUN,) if deleted else ())


@given(st.lists(st.integers(1, 12), max_size=6), st.booleans())
def test_killed_anywhere_it_goes_on_the_next_time(kills: list[int], verified_meanwhile: bool) -> None:
    database = Database()
    kept = database.add("young", 1)
    for run_id in ("a", "b"):
        database.add(run_id, 20, orders=1_500)
    for kill_at in [*kills, -1]:
        database.kill_at, database.steps = kill_at, 0
        try:
            delete_runs_before(CUT, database, ROUTE)
        except Killed:
            half_gone = database.ids("runs_being_deleted") & database.ids("runs_deleted")
            for run_id in half_gone if verified_meanwhile else ():
                # Somebody verified the run while half of it was gone.
                database["quality_reports"].documents[run_id] = {"_id": run_id, "passed": False}
    assert database.ids(ROUTE.collection) == kept
    assert database.ids("seeding_runs") == database.ids("quality_reports") == {"young"}
    assert database.ids("runs_being_deleted") == set()
    assert database.ids("runs_deleted") == {"a", "b"}
