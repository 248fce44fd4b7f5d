"""Finds the runs that are to be checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context
from pymongo.database import Database

from macd.clients.mongodb import Document, connected
from macd.errors import SpecError
from macd.producer.store import RunStore
from macd.quality.due import DueRuns, runs_between
from macd_airflow.errors import airflow_errors
from macd_airflow.hooks.mongodb import MongoDbHook
from macd_airflow.operators.base import PipelineOperator


class FindRunsOperator(PipelineOperator):
    """Returns run ids: one run, those started in a range, or by default all since the last such look.

    :param run_id: a single run.
    :param since: start of a range, ISO 8601 with a time zone.
    :param until: end of the range; now when only `since` is given.
    :param mongodb_conn_id: Airflow connection to MongoDB.
    """

    template_fields: Sequence[str] = (
        *PipelineOperator.template_fields,
        "run_id",
        "since",
        "until",
        "mongodb_conn_id",
    )
    ui_color = "#e8eef7"

    def __init__(
        self,
        *,
        run_id: str = "",
        since: str = "",
        until: str = "",
        mongodb_conn_id: str = MongoDbHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run_id = run_id
        self.since = since
        self.until = until
        self.mongodb_conn_id = mongodb_conn_id

    def execute(self, context: Context) -> list[str]:
        """The ids, oldest first; none when nothing has happened."""
        with airflow_errors():
            since, until = moment("since", self.since), moment("until", self.until)
            with connected(MongoDbHook(self.mongodb_conn_id).service()) as database:
                found = self._find(database, since, until)
        self.log.info(
            "%d runs to check%s", len(found), ":" if found else "; nothing new since the last time."
        )
        for run_id in found:
            self.log.info("  %s", run_id)
        return found

    def _find(
        self, database: Database[Document], since: datetime | None, until: datetime | None
    ) -> list[str]:
        if self.run_id:
            if since or until:
                raise SpecError(
                    "Both a run and a range were given.", remedy="Fill in either run_id or since and until."
                )
            return [RunStore(database).get(self.run_id).run_id]
        if since or until:
            return runs_between(database, since, until)
        return list(DueRuns(database, self.dag_id).begin(datetime.now(UTC)))


def moment(name: str, text: str) -> datetime | None:
    """An ISO 8601 time with its zone; None for an empty text, SpecError for any other."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise SpecError(
            f"{name} is {text[:40]!r}, which is no time with a time zone.",
            remedy="Write it like 2026-01-31T18:00:00+00:00.",
        )
    return found
