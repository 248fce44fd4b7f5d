from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import mongomock
import pytest
from airflow.sdk.exceptions import AirflowFailException

from macd_airflow.operators import find_runs
from macd_airflow.operators.find_runs import FindRunsOperator
from tests.unit.macd_airflow.context import context

pytestmark = pytest.mark.usefixtures("connections")
STARTED = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> Any:
    database = mongomock.MongoClient(tz_aware=True)["macd"]
    run = {"_id": "r1", "status": "complete", "started_at": STARTED, "completed_at": STARTED}
    database["seeding_runs"].insert_one(run)

    @contextmanager
    def connected(_: Any) -> Iterator[Any]:
        yield database

    monkeypatch.setattr(find_runs, "connected", connected)
    return database


def find(**arguments: str) -> list[str]:
    return FindRunsOperator(task_id="t", **arguments).execute(context())


def test_a_range_gives_the_runs_that_were_started_in_it() -> None:
    assert find(since="2026-01-01T11:00:00+00:00", until="2026-01-01T13:00:00+00:00") == ["r1"]
    assert find(since="2026-01-01T11:00:00Z") == ["r1"]


def test_old_runs_are_not_due_by_themselves() -> None:
    assert find() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"since": "yesterday"}, "since is 'yesterday', which is no time with a time zone"),
        ({"until": "2026-01-01T11:00:00"}, "until is '2026-01-01T11:00:00'"),
        ({"run_id": "r1", "since": "2026-01-01T11:00:00Z"}, "Both a run and a range"),
        ({"since": "2027-01-01T11:00:00Z"}, "No run was started between 2027"),
        ({"run_id": "unheard-of"}, "There is no seeding run 'unheard-of'"),
    ],
)
def test_what_makes_no_sense_is_refused_for_good(
    database: Any, arguments: dict[str, str], message: str
) -> None:
    if arguments.get("run_id") == "unheard-of":
        database["seeding_runs"].delete_many({})
    with pytest.raises(AirflowFailException, match=message):
        find(**arguments)
