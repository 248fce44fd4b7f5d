"""A run is verified and deleted at the same time, in whatever order the two get to the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macd.errors import RunNotFound
from macd.incidents.from_report import findings_of, subject_of
from macd.incidents.store import IncidentStore
from macd.quality import verify
from macd.quality.report import Report, ReportStore
from macd.repair.retention import delete_runs_before
from tests.unit.macd.quality.test_reconcile import ROUTE
from tests.unit.macd.quality.verified import COMPLETED, RUN, Verified
from tests.unit.macd.repair.world import Killed
from tests.unit.reports import report_of

LATER = COMPLETED + timedelta(days=1)
# Who gets to the database, for how many questions; whoever is last goes on until it has ended.
Blocks = list[tuple[str, int]]


class Turns:
    """Lets one of two threads get to the database at a time."""

    def __init__(self, blocks: Blocks) -> None:
        self._order = (who for who, times in blocks for _ in range(times))
        self._changed = threading.Condition()
        self._running = {"check", "deletion"}
        self._next = next(self._order, "check")

    def take(self, who: str, ask: Callable[[], Any]) -> Any:
        with self._changed:
            assert self._changed.wait_for(lambda: self._next == who or len(self._running) == 1, 30)
            answer = ask()
            self._next = next(self._order, who)
            self._changed.notify_all()
            return answer

    def leave(self, who: str) -> None:
        with self._changed:
            self._running.discard(who)
            self._changed.notify_all()


class Shared:
    """A database, client or collection whose every question waits for its turn; the nth may kill who asks."""

    def __init__(self, real: Any, turns: Turns, who: str, left: Iterator[int]) -> None:
        self._real, self._turns, self._who, self._left = real, turns, who, left

    @property
    def client(self) -> Shared:
        return Shared(self._real.client, self._turns, self._who, self._left)

    def __getitem__(self, name: str) -> Shared:
        return Shared(self._real[name], self._turns, self._who, self._left)

    def __getattr__(self, name: str) -> Any:
        def ask(*given: Any, **more: Any) -> Any:
            if next(self._left, 0) == 1:
                raise Killed
            return self._turns.take(self._who, lambda: getattr(self._real, name)(*given, **more))

        return ask


class Race:
    """A run that had passed is checked once more while it is deleted; `lost`: an order is gone by then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, blocks: Blocks, *, lost: bool) -> None:
        self.world = Verified(monkeypatch, orders=6, mismatch_share=0.5)
        self.database = self.world.database
        self.turns = Turns(blocks)
        self.report: Report | None = None
        ReportStore(self.database).save(report_of(RUN, passed=True, verified_at=COMPLETED))
        if lost:
            self.world.stored.delete_one({})
        monkeypatch.setattr(verify, "connected", lambda *_: nullcontext(self._shared("check")))

    def run(self, kill_at: int) -> None:
        threads = [
            threading.Thread(target=self._check),
            threading.Thread(target=self._delete, args=(kill_at,)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    def _shared(self, who: str, kill_at: int = 0) -> Any:
        return Shared(self.database, self.turns, who, iter(range(kill_at, 0, -1)))

    def _check(self) -> None:
        try:
            self.report = self.world.verify()
            # As the task's callback does, a moment later.
            IncidentStore(self._shared("check")).book(subject_of(RUN), findings_of(self.report))
        except RunNotFound:
            pass
        finally:
            self.turns.leave("check")

    def _delete(self, kill_at: int) -> None:
        try:
            delete_runs_before(LATER, self._shared("deletion", kill_at), ROUTE)
        except Killed:
            delete_runs_before(LATER, self._shared("deletion"), ROUTE)
        finally:
            self.turns.leave("deletion")


@given(
    st.lists(st.tuples(st.sampled_from(["check", "deletion"]), st.integers(1, 12)), max_size=8),
    st.integers(0, 16),
    st.booleans(),
)
def test_a_check_and_a_deletion_at_once_leave_no_report_and_no_incident_about_what_is_gone(
    blocks: Blocks,
    kill_at: int,
    lost: bool,
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        race = Race(monkeypatch, blocks, lost=lost)
        expected = race.world.stored.count_documents({})
        race.run(kill_at)
    found = race.database["quality_reports"].find_one({"_id": RUN})
    documents = race.world.stored.count_documents({})
    gone = race.database["seeding_runs"].find_one({"_id": RUN}) is None
    assert race.database["runs_being_deleted"].find_one() is None
    if gone:
        assert (found, documents) == (None, 0)
        assert race.report is None or race.report.passed, "it failed for what was deleted under it"
    else:
        # Only what a check had found before the deletion began keeps a run.
        assert (lost, found and found["passed"], documents) == (True, False, expected)
    # The next deletion ends what was booked too late.
    delete_runs_before(LATER, race.database, ROUTE)
    assert gone <= (not IncidentStore(race.database).open())
