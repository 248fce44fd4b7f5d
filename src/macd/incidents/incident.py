"""An incident: something that was found wrong, from the first look that saw it to the one that did not."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from macd.clients.mongodb import Document
from macd.incidents.finding import Finding, Severity

Due = Literal["alert", "recovery"]
_SEEN = (
    *("severity", "message", "next_step", "examples", "run_id"),
    *("source", "run_url", "log_url", "last_seen_at"),
)


class Where(NamedTuple):
    """The task that looked ("<dag_id>.<task_id>") and its pages in Airflow's UI."""

    source: str | None = None
    run_url: str | None = None
    log_url: str | None = None


class Incident(BaseModel):
    """What is, or was, wrong with `subject` according to `check`.

    `due` names the mail that has not gone out yet. `notified_severity` is the highest severity that was
    mailed, `message_id` that mail's id, under which later ones are threaded. `claimed_until` keeps two tasks
    from mailing the same thing at once. `refused` says, in the mail server's words, who did not get the last
    mail; `refusals` how often in a row it was refused to everybody, until `retry_at`. `source`, `run_url`
    and `log_url` say which task looked last, and where.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    number: int
    subject: str
    check: str
    severity: Severity
    message: str
    next_step: str
    examples: tuple[str, ...] = ()
    run_id: str | None = None
    source: str | None = None
    run_url: str | None = None
    log_url: str | None = None
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None = None
    due: Due | None = None
    claimed_until: datetime | None = None
    notified_at: datetime | None = None
    notified_severity: Severity | None = None
    recovery_notified_at: datetime | None = None
    message_id: str | None = None
    refused: tuple[str, ...] = ()
    refusals: int = 0
    retry_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still lasts."""
        return self.closed_at is None

    @property
    def identity(self) -> tuple[str, str]:
        """Of all incidents with the same identity at most one is open."""
        return self.subject, self.check

    def to_mongo(self) -> Document:
        """The incident as a document; `_id` is its id."""
        fields = self.model_dump(exclude={"id"})
        return {"_id": self.id, **fields, "examples": list(self.examples), "refused": list(self.refused)}

    @classmethod
    def from_mongo(cls, document: Document) -> Incident:
        """The incident in a document written by `to_mongo`."""
        fields = dict(document)
        return cls(id=fields.pop("_id"), **fields)


def told_of(finding: Finding) -> dict[str, Any]:
    """What an incident takes over from the latest finding."""
    fields = finding.model_dump(include={"severity", "message", "next_step", "run_id"})
    return fields | {"examples": list(finding.examples)}


def where_of(incident: Incident) -> Where:
    """The task that looked last."""
    return Where(incident.source, incident.run_url, incident.log_url)


def merged(known: Incident, kept: Incident) -> dict[str, Any]:
    """What `known` takes over from what was kept of the same elsewhere: its latest look, and who was told."""
    latest = max(known, kept, key=lambda each: each.last_seen_at)
    unheard = kept.notified_severity and needs_alert(kept.notified_severity, known.notified_severity)
    told = kept if unheard else known
    seen = latest.to_mongo()
    return {
        **{name: seen[name] for name in _SEEN},
        "opened_at": min(known.opened_at, kept.opened_at),
        "notified_at": told.notified_at,
        "notified_severity": told.notified_severity,
        "message_id": known.message_id or kept.message_id,
        "due": "alert" if needs_alert(latest.severity, told.notified_severity) else None,
    }


def needs_alert(severity: Severity, notified: Severity | None) -> bool:
    """Whether readers have not heard of it yet, or only as something milder."""
    return notified is None or (severity == "fail" and notified == "warn")
