"""The id of a run that retention has deleted is not used again while topics and join may hold its records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest

from macd.errors import SpecError
from macd.producer.deleted import KEPT, DeletedRuns
from macd.producer.parameters import SeedParameters
from macd.producer.resume import begin
from macd.producer.sales import Run
from macd.producer.store import RunStore
from macd.repair.retention import delete_runs_before
from tests.unit.macd.fakes import AS_OF
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of

NOW = datetime.now(UTC)
RUN = Run("r", SeedParameters(orders=3), AS_OF)


def begun(database: Any, run_id: str) -> str:
    return begin(RunStore(database), run_id, RUN.parameters, tuple, NOW).run_id


@pytest.fixture
def database() -> Any:
    """One in which retention has deleted a run."""
    database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
    completed = {"completed_at": NOW - timedelta(days=8)}
    database["seeding_runs"].insert_one(manifest_of(RUN).model_copy(update=completed).to_mongo())
    database["quality_reports"].insert_one({"_id": "r", "passed": True})
    assert delete_runs_before(NOW - timedelta(days=7), database, ROUTE).runs == ("r",)
    return database


def test_a_deleted_run_is_not_seeded_again_and_any_other_is(database: Any) -> None:
    with pytest.raises(SpecError, match=r"Run 'r' was deleted on \d{4}-.*same ones.*free again from \d{4}-"):
        begun(database, "r")
    assert list(database["seeding_runs"].find()) == []
    assert begun(database, "another") == "another"


def test_it_may_be_seeded_again_when_nothing_can_hold_its_records_any_more(database: Any) -> None:
    DeletedRuns(database).note("r", NOW - KEPT - timedelta(hours=1))
    delete_runs_before(NOW, database, ROUTE)
    assert begun(database, "r") == "r"


def test_it_is_remembered_for_longer_than_any_topic_keeps_a_record(pipeline: Any) -> None:
    assert max(each.retention for topic in pipeline.topics for each in topic.targets.values()) < KEPT
