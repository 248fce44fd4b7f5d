"""Which runs are due for a check: all since the last one, and those that it left open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from pymongo import ASCENDING
from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.errors import SpecError
from macd.producer.deletion import Deletions
from macd.producer.store import COLLECTION as RUNS
from macd.quality.report import COLLECTION as REPORTS
from macd.quality.report import Obstacle, Report, ReportStore
from macd.quality.tries import MOST_TRIES, Tries

COLLECTION = "quality_rounds"
# The first round of a pipeline that has been running for months does not begin with its oldest runs.
FIRST_LOOK_BACK = timedelta(days=1)
# A run that fails, or was never completed, is checked again with every round, until it is this old; one that
# gets no report, until rounds have asked for it so long.
OPEN_FOR = timedelta(days=7)
# A completion is noted in whole seconds, a little before it can be found, by another machine's clock.
OVERLAP = timedelta(minutes=5)
# Seeding takes minutes; a run that has not come to its end after this long was given up.
SEEDING_LIMIT = timedelta(hours=1)
# Airflow maps a task at most [core] max_map_length = 1,024 times.
MOST_RUNS = 1_000


class Round(BaseModel):
    """What the last round set out to check, and when; the next one takes runs `completed_since`.

    `first_due`: since when each of the runs has been due, as far as rounds have followed each other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    began_at: datetime
    completed_since: datetime
    run_ids: tuple[str, ...]
    first_due: tuple[datetime, ...] = ()

    @property
    def due_since(self) -> dict[str, datetime]:
        """The beginning of its last round where nothing else is known of a run."""
        known = zip(self.run_ids, self.first_due, strict=False)
        return dict.fromkeys(self.run_ids, self.began_at) | dict(known)


class DueRuns:
    """Remembers in the collection `quality_rounds` where the last round began.

    A round is not marked as done: what it left without a report is found to be open by the next one. So a
    round may be killed anywhere, and asking twice gives the same answer. A run whose checks come to no result
    is given up after six, with a report that says so; one that is being deleted is left out.
    """

    def __init__(self, database: Database[Document], name: str) -> None:
        self._rounds = database[COLLECTION]
        self._runs = database[RUNS]
        self._reports = database[REPORTS]
        self._tries = Tries(database)
        self._deletions = Deletions(database)
        self._store = ReportStore(database)
        self._name = name

    def begin(self, now: datetime) -> tuple[str, ...]:
        """The runs to check now, first completed first, at most 1,000; the rest comes with the next round."""
        last = self._last(now)
        unreported = self._unreported(last)
        spent = self._tries.spent()
        self._report_on(spent)
        again = {"$or": [{"_id": {"$in": unreported}}, self._failed(now), given_up(now)]}
        open_still = {"$and": [again, {"_id": {"$nin": spent}}]}
        done = set(last.run_ids).difference(unreported)
        found = self._completed_first(self._completed(last, done), open_still)
        due = tuple(run["_id"] for run in found[:MOST_RUNS])
        since = now - OVERLAP
        if len(found) > MOST_RUNS:
            # Not all fit: the next round begins where this one ends.
            since = found[MOST_RUNS - 1]["completed_at"] or last.completed_since
        before = last.due_since
        first_due = tuple(before.get(run_id, now) for run_id in due)
        self._remember(Round(began_at=now, completed_since=since, run_ids=due, first_due=first_due))
        return due

    def _last(self, now: datetime) -> Round:
        found = self._rounds.find_one({"_id": self._name})
        if found is None:
            first = now - FIRST_LOOK_BACK
            return Round(began_at=first, completed_since=first, run_ids=())
        return Round.model_validate({name: found[name] for name in Round.model_fields if name in found})

    def _remember(self, latest: Round) -> None:
        lists = {"run_ids": list(latest.run_ids), "first_due": list(latest.first_due)}
        document = {"_id": self._name, **latest.model_dump(), **lists}
        self._rounds.replace_one({"_id": self._name}, document, upsert=True)

    def _completed_first(self, *either: Document) -> list[Document]:
        """The runs for which any condition holds; one that was cleaned away since is not among them."""
        going = {"_id": {"$nin": list(self._deletions.begun())}}
        found = self._runs.find({"$and": [{"$or": list(either)}, going]}, {"completed_at": 1})
        return list(found.sort("completed_at", ASCENDING).limit(MOST_RUNS + 1))

    def _completed(self, last: Round, done: Collection[str]) -> Document:
        since = {"$gte": last.completed_since}
        return {"status": "complete", "completed_at": since, "_id": {"$nin": list(done)}}

    def _unreported(self, last: Round) -> list[str]:
        """What the last round has left no report on, unless rounds have asked for it long enough."""
        made = {"_id": {"$in": list(last.run_ids)}, "verified_at": {"$gte": _whole_second(last.began_at)}}
        reported = {report["_id"] for report in self._reports.find(made, {"_id": 1})}
        since = last.began_at - OPEN_FOR
        return [run_id for run_id, at in last.due_since.items() if run_id not in reported and at > since]

    def _report_on(self, spent: Collection[str]) -> None:
        """Says of the runs whose checks left no report that there will be none; what was found stays."""
        said = {"_id": {"$in": list(spent)}, "passed": False}
        silent = set(spent).difference(report["_id"] for report in self._reports.find(said, {"_id": 1}))
        for found in self._runs.find({"_id": {"$in": list(silent - self._deletions.begun())}}, {"_id": 1}):
            self._store.save(Report.without_figures(found["_id"], _cut_off(found["_id"])))

    def _failed(self, now: datetime) -> Document:
        # By the age of the run, not of its report, which every round makes anew.
        since = {"$gte": now - OPEN_FOR}
        failed = {"passed": False, "verified_at": since}
        run_ids = [report["_id"] for report in self._reports.find(failed, {"_id": 1})]
        return {"_id": {"$in": run_ids}, "$or": [{"started_at": since}, {"completed_at": since}]}


def given_up(now: datetime) -> Document:
    """The condition for runs that have not come to their end, of the last week."""
    return {"status": "started", "started_at": {"$gte": now - OPEN_FOR, "$lt": now - SEEDING_LIMIT}}


def runs_between(database: Database[Document], since: datetime | None, until: datetime | None) -> list[str]:
    """The runs that were started in this range, oldest first; SpecError when there are none."""
    limits = {name: moment for name, moment in (("$gte", since), ("$lt", until)) if moment}
    found = database[RUNS].find({"started_at": limits}, {"_id": 1}).sort("started_at", ASCENDING)
    run_ids = [run["_id"] for run in found.limit(MOST_RUNS)]
    if not run_ids:
        raise SpecError(
            f"No run was started between {since or 'the beginning'} and {until or 'now'}.",
            remedy="Give a wider range, or leave all fields empty for the runs since the last check.",
        )
    return run_ids


def _cut_off(run_id: str) -> Obstacle:
    return Obstacle(
        reason=f"The last {MOST_TRIES} checks of it ended without a result; they may have been killed.",
        remedy="See how the task that checked it last ended (for lack of memory or time?), then run "
        f"macd_data_quality with this run id, or `macd verify {run_id}`.",
    )


def _whole_second(moment: datetime) -> datetime:
    """Reports keep their time in whole seconds."""
    return moment.replace(microsecond=0)
