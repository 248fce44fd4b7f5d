"""What was mailed while the incident book could not be reached: one Airflow Variable."""

from __future__ import annotations

import json
from collections.abc import Iterable

from airflow.sdk import Variable
from pydantic import TypeAdapter, ValidationError

from macd.incidents.finding import Finding
from macd.incidents.incident import Incident, Where, needs_alert, told_of
from macd.incidents.store import Booked, incident_id, utc_now

VARIABLE = "macd_alerts_unbooked"
# The Variable stays readable; what does not fit is told of again.
_MOST = 50
_INCIDENTS = TypeAdapter(list[Incident])


def remembered() -> list[Incident]:
    """What was told of and is still open as far as anybody knows."""
    text = Variable.get(VARIABLE, default=None)
    try:
        return _INCIDENTS.validate_json(text) if text else []
    except ValidationError:
        return []


def forget() -> None:
    """The book has taken it all over."""
    Variable.delete(VARIABLE)


def look(
    known: Iterable[Incident], subject: str, findings: Iterable[Finding], where: Where, *, complete: bool
) -> Booked:
    """The same as booking, against what is remembered; nothing is kept yet."""
    before = {incident.identity: incident for incident in known if incident.subject == subject}
    seen = [
        _seen(before.get((finding.subject, finding.check)), finding, where)
        for finding in findings
        if finding.subject == subject
    ]
    found = {incident.identity for incident in seen}
    over = [each for identity, each in before.items() if complete and identity not in found]
    return Booked(
        opened=tuple(each for each in seen if each.due == "alert"),
        ongoing=tuple(each for each in seen if each.due is None),
        closed=tuple(
            each.model_copy(update={"closed_at": utc_now(), "due": "recovery", **where._asdict()})
            for each in over
        ),
    )


def keep(known: Iterable[Incident], told: Iterable[Incident], ended: Iterable[Incident]) -> None:
    """Remembers what was mailed just now, and forgets what is over."""
    book = {incident.identity: incident for incident in known}
    book |= {incident.identity: incident for incident in told}
    for incident in ended:
        book.pop(incident.identity, None)
    if not book:
        return forget()
    kept = [incident.model_dump(mode="json", exclude={"examples"}) for incident in [*book.values()][-_MOST:]]
    return Variable.set(VARIABLE, json.dumps(kept))


def told(incident: Incident, message_id: str) -> Incident:
    """The incident once its alert has gone out."""
    return incident.model_copy(
        update={
            "due": None,
            "notified_at": utc_now(),
            "notified_severity": incident.severity,
            "message_id": incident.message_id or message_id,
        }
    )


def _seen(known: Incident | None, finding: Finding, where: Where) -> Incident:
    now = utc_now()
    fields = told_of(finding) | where._asdict() | {"examples": finding.examples, "last_seen_at": now}
    if known is None:
        return Incident(
            id=incident_id(finding.subject, finding.check, 0),
            number=0,
            subject=finding.subject,
            check=finding.check,
            opened_at=now,
            due="alert",
            **fields,
        )
    due = "alert" if needs_alert(finding.severity, known.notified_severity) else None
    return known.model_copy(update=fields | {"due": due})
