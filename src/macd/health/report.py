"""The outcome of a checkup, kept in MongoDB."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pymongo import DESCENDING
from pymongo.database import Database

from macd.clients.mongodb import Document
from macd.health.figures import PipelineFigures
from macd.health.state import PipelineState
from macd.quality.render import table
from macd.quality.report import CheckResult

COLLECTION = "health_reports"
# Three weeks of hourly checkups.
KEPT = 500


class HealthReport(BaseModel):
    """How the pipeline was at one moment; it passes when every check of severity `fail` holds.

    `examples` names the first runs or orders that a figure counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    passed: bool
    figures: PipelineFigures
    checks: tuple[CheckResult, ...]
    state: PipelineState
    examples: dict[str, tuple[str, ...]] = {}

    @property
    def is_complete(self) -> bool:
        """Whether every service could be asked."""
        return self.figures.parts_unknown == 0

    @property
    def verdict(self) -> str:
        """The outcome in one line."""
        broken = ", ".join(check.name for check in self.checks if not check.passed)
        outcome = f"not held: {broken}" if broken else f"{len(self.checks)} of {len(self.checks)} checks hold"
        return f"{'PASSED' if self.passed else 'FAILED'} health of the pipeline: {outcome}"

    def render_text(self) -> str:
        """Plain text tables for a task log or a terminal."""
        parts = [
            (part.kind, part.name, part.state.value, _number(part.messages), part.detail)
            for part in self.state.parts
        ]
        links = [(link.source, link.target, _number(link.lag)) for link in self.state.links]
        checks = [(check.name, _outcome(check), f"{check.actual:,}", check.expected) for check in self.checks]
        sections = (
            self.verdict,
            table(("part", "name", "state", "messages", "detail"), parts, right=(3,)),
            table(("from", "to", "behind"), links, right=(2,)),
            table(("check", "outcome", "found", "has to be"), checks, right=(2,)),
        )
        return "\n\n".join(sections)

    def to_mongo(self) -> Document:
        """The report as a document; `_id` is its moment."""
        return {"_id": self.state.observed_at.isoformat(), **self.model_dump(mode="json")}

    @classmethod
    def from_mongo(cls, document: Document) -> HealthReport:
        """The report in a document written by `to_mongo`."""
        return cls.model_validate({key: value for key, value in document.items() if key != "_id"})


class HealthReportStore:
    """The collection `health_reports`: the latest 500 checkups."""

    def __init__(self, database: Database[Document]) -> None:
        self._reports = database[COLLECTION]

    def save(self, report: HealthReport) -> None:
        """Adds the report and drops the oldest."""
        document = report.to_mongo()
        self._reports.replace_one({"_id": document["_id"]}, document, upsert=True)
        surplus: list[Any] = [old["_id"] for old in self._newest_first({"_id": 1}).skip(KEPT)]
        if surplus:
            self._reports.delete_many({"_id": {"$in": surplus}})

    def latest(self) -> HealthReport | None:
        """The newest report; None before the first checkup."""
        return next((HealthReport.from_mongo(found) for found in self._newest_first().limit(1)), None)

    def _newest_first(self, projection: Any = None) -> Any:
        return self._reports.find({}, projection).sort("_id", DESCENDING)


def _outcome(check: CheckResult) -> str:
    return "ok" if check.passed else "FAILED" if check.severity == "fail" else "warning"


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
