"""One document that somebody changed by hand does not keep the others from being seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest

from macd.dashboard.runs import RunBook
from macd.errors import DocumentUnreadable
from macd.health.books import minutes_since_last_run, unreadable_runs, unsettled
from macd.incidents.finding import Finding
from macd.incidents.store import IncidentStore
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.producer.store import RunStore
from macd.quality.report import ReportStore
from macd.repair.affected import known_runs
from macd.repair.retention import delete_runs_before
from tests.unit.macd.fakes import AS_OF
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of
from tests.unit.reports import report_of

NOW = datetime(2026, 7, 31, tzinfo=UTC)
RUN = Run("whole", SeedParameters(orders=3), AS_OF)
BROKEN = Run("broken", SeedParameters(orders=3, seed=4), AS_OF)
DAMAGES: dict[str, dict[str, Any]] = {
    "a field is missing": {"counts": None},
    "a field is of another type": {"completed_at": "yesterday"},
    "a field is too much": {"comment": "do not delete"},
    "a field is there twice": {"run_id": "broken"},
}
FINDING = Finding(subject="s", check="c", severity="fail", message="m", next_step="n")


@pytest.fixture(params=DAMAGES.values(), ids=DAMAGES)
def database(request: pytest.FixtureRequest) -> Any:
    database = mongomock.MongoClient(tz_aware=True)["macd"]
    for run in (RUN, BROKEN):
        manifest = manifest_of(run).model_copy(update={"completed_at": NOW - timedelta(days=9)})
        database["seeding_runs"].insert_one(manifest.to_mongo())
    change = {"$set": request.param}
    database["seeding_runs"].update_one({"_id": "broken"}, change)
    return database


def test_the_others_are_listed_and_it_is_counted(database: Any) -> None:
    store = RunStore(database)
    assert [run.run_id for run in store.all()] == ["whole"]
    assert [run.run_id for run in store.recent()] == ["whole"]
    assert [run.run_id for run in RunBook(database).recent(10).runs] == ["whole"]
    assert unreadable_runs(database) == ["broken"]
    assert minutes_since_last_run(database, NOW) == 9 * 24 * 60


def test_asked_for_it_is_named_with_the_field_and_what_to_do(database: Any) -> None:
    with pytest.raises(DocumentUnreadable, match=r"'broken' of seeding_runs cannot be read \(.*findOne"):
        RunStore(database).get("broken")


def test_its_orders_are_not_taken_for_those_of_a_deleted_run(database: Any) -> None:
    deleted = Run("deleted", SeedParameters(), AS_OF)
    one, another, gone = (run.order_ids.maker()(1) for run in (RUN, BROKEN, deleted))
    keys = {each.encode() for each in (one, another, gone)}
    assert set(unsettled(keys, known_runs(RunStore(database)), database, ROUTE)) == {one, another}


def test_where_not_even_its_ids_are_known_nothing_counts_as_deleted(database: Any) -> None:
    database["seeding_runs"].update_one({"_id": "broken"}, {"$set": {"parameters": "gone"}})
    deleted = Run("deleted", SeedParameters(), AS_OF).order_ids.maker()(0).encode()
    assert not known_runs(RunStore(database)).forgot(deleted)
    database["seeding_runs"].delete_one({"_id": "broken"})
    assert known_runs(RunStore(database)).forgot(deleted)


def test_the_other_runs_are_still_deleted(database: Any) -> None:
    database["quality_reports"].insert_many([{"_id": each, "passed": True} for each in ("whole", "broken")])
    database["runs_being_deleted"].insert_one({"_id": "broken"})
    said = list[str]()
    assert delete_runs_before(NOW, database, ROUTE, said.append).runs == ("whole",)
    assert [run["_id"] for run in database["seeding_runs"].find()] == ["broken"]
    assert said[0].startswith("Left alone: The document 'broken' of seeding_runs cannot be read")


def test_a_report_that_cannot_be_read_ends_no_list() -> None:
    database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
    for run_id in ("a", "b"):
        database["seeding_runs"].insert_one({**manifest_of(RUN).to_mongo(), "_id": run_id})
        ReportStore(database).save(report_of(run_id, passed=True, verified_at=NOW))
    database["quality_reports"].update_one({"_id": "a"}, {"$unset": {"figures": ""}})
    assert [report.run_id for report in ReportStore(database).recent()] == ["b"]
    found = {run.run_id: run.verdict for run in RunBook(database).recent(10).runs}
    assert found == {"a": "unverified", "b": "passed"}
    for ask in (ReportStore(database).get, RunBook(database).one):
        with pytest.raises(DocumentUnreadable, match=r"'a' of quality_reports cannot be read \(figures:"):
            ask("a")


def test_an_incident_that_cannot_be_read_ends_no_list_and_no_mail() -> None:
    database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
    store = IncidentStore(database)
    store.book("s", [FINDING, FINDING.model_copy(update={"check": "d"})])
    database["incidents"].update_one({"check": "d"}, {"$set": {"severity": "dreadful"}})
    assert [each.check for each in store.recent()] == ["c"]
    assert [each.check for each in store.open()] == ["c"]
    assert [each.check for each in store.lasting("s")] == ["c"]
    assert [each.check for each in store.claim_due()] == ["c"]
