"""The incident book in MongoDB.

Several workers book at once. What keeps them apart is the document's `_id`: the nth incident of a subject
and check has an id that follows from these three, so only one of two workers can open it; every later change
names the state that it starts from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from macd.clients.mongodb import Document, readable
from macd.errors import ServiceError
from macd.incidents.finding import Finding
from macd.incidents.incident import Incident, Where, needs_alert, told_of

COLLECTION = "incidents"
# Longer than a mail server may take. After it somebody else may send the mail of a task that was killed.
CLAIM = timedelta(minutes=3)
MOST_OPEN = 200
_ATTEMPTS = 5
NOWHERE = Where()
_DUE = {"due": {"$in": ["alert", "recovery"]}}
Clock = Callable[[], datetime]


class Booked(NamedTuple):
    """The outcome of one look: incidents to tell of, those that were told of before, those that ended."""

    opened: tuple[Incident, ...] = ()
    ongoing: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()


def utc_now() -> datetime:
    """Now, to the millisecond, as MongoDB keeps it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class IncidentStore:
    """The collection `incidents` of a database from `macd.clients.mongodb.connected`."""

    def __init__(self, database: Database[Document], clock: Clock = utc_now) -> None:
        self._incidents = database[COLLECTION]
        self._now = clock

    def recent(self, limit: int = 20) -> list[Incident]:
        """The incidents that opened last, newest first."""
        found = self._incidents.find().sort("opened_at", DESCENDING).limit(limit)
        return list(_readable(found))

    def open(self, limit: int = MOST_OPEN) -> list[Incident]:
        """What is wrong now, newest first."""
        found = self._incidents.find({"closed_at": None}).sort("opened_at", DESCENDING).limit(limit)
        return list(_readable(found))

    def count_open(self) -> int:
        """How much is wrong now."""
        return self._incidents.count_documents({"closed_at": None})

    def lasting(self, subject: str) -> list[Incident]:
        """What is wrong with one subject now, in the order in which it was found."""
        return sorted(self._open_of(subject).values(), key=lambda each: each.opened_at)

    def forget(self, subject: str) -> None:
        """The subject itself is gone: its incidents end, and nobody needs to hear of it."""
        gone = {"closed_at": self._now(), "due": None, "claimed_until": None}
        self._incidents.update_many({"subject": subject, "closed_at": None}, {"$set": gone})

    def book(
        self, subject: str, findings: Iterable[Finding], *, complete: bool = True, where: Where = NOWHERE
    ) -> Booked:
        """Books one look at `subject`; booking the same look again changes nothing.

        `complete`: everything about the subject was looked at, so an open incident that is not among the
        findings is over. `where` is the task that looked.
        """
        found = {finding.check: finding for finding in findings if finding.subject == subject}
        lasting = self._open_of(subject)
        seen = [self._see(finding, where, lasting) for finding in found.values()]
        over = [incident for check, incident in lasting.items() if complete and check not in found]
        return Booked(
            opened=tuple(incident for incident in seen if incident.due == "alert"),
            ongoing=tuple(incident for incident in seen if incident.due != "alert"),
            closed=tuple(closed for incident in over if (closed := self._close(incident, where))),
        )

    def has_work(self, subjects: Sequence[str]) -> bool:
        """Whether something about one of the subjects is open, or any mail has not gone out: one query."""
        lasting = {"subject": {"$in": list(subjects)}, "closed_at": None}
        return bool(list(self._incidents.find({"$or": [lasting, _DUE]}).limit(1)))

    def adopt(self, told: Incident) -> None:
        """Takes over an incident that was told of while the book could not be reached."""
        known = self._open_of(told.subject).get(told.check)
        if known is None:
            known = self._begin(Finding(**told.model_dump(include=set(Finding.model_fields))), NOWHERE)
        if known is not None and needs_alert(told.severity, known.notified_severity):
            opened = {"opened_at": min(told.opened_at, known.opened_at)}
            self._incidents.update_one({"_id": known.id}, {"$set": opened})
            self.sent([known.model_copy(update={"severity": told.severity})], told.message_id or "")

    def claim_due(self) -> list[Incident]:
        """Takes over every mail that has not gone out, of any subject; oldest first.

        Whoever claims has to say how it went: `sent` or `release`.
        """
        claimed = [incident for incident in _readable(self._incidents.find(_DUE)) if self._claim(incident)]
        return sorted(claimed, key=lambda incident: incident.opened_at)

    def sent(self, incidents: Iterable[Incident], message_id: str) -> None:
        """Notes that the mail these incidents were due has gone out under `message_id`."""
        for incident in incidents:
            if incident.due == "recovery":
                done: dict[str, Any] = {"recovery_notified_at": self._now()}
            else:
                done = {"notified_at": self._now(), "notified_severity": incident.severity}
                done["message_id"] = incident.message_id or message_id
            self._incidents.update_one({"_id": incident.id}, {"$set": done | {"claimed_until": None}})
            # What became due meanwhile (it closed, it got worse) stays due.
            unchanged = {"_id": incident.id, "due": incident.due, "severity": incident.severity}
            self._incidents.update_one(unchanged, {"$set": {"due": None}})

    def release(self, incidents: Iterable[Incident]) -> None:
        """The mail could not be sent: the next look tries again."""
        for incident in incidents:
            self._incidents.update_one({"_id": incident.id}, {"$set": {"claimed_until": None}})

    def _open_of(self, subject: str) -> dict[str, Incident]:
        found = self._incidents.find({"subject": subject, "closed_at": None})
        return {incident.check: incident for incident in _readable(found)}

    def _see(self, finding: Finding, where: Where, lasting: Mapping[str, Incident]) -> Incident:
        known = lasting.get(finding.check)
        for _ in range(_ATTEMPTS):
            seen = self._see_again(known, finding, where) if known else self._begin(finding, where)
            if seen is not None:
                return seen
            # Another worker closed or opened it in between.
            known = self._open_of(finding.subject).get(finding.check)
        raise ServiceError(
            "MongoDB",
            f"the incident {finding.check} of {finding.subject} is changed by somebody else all the time.",
            remedy="See in the collection incidents which tasks book it.",
        )

    def _see_again(self, known: Incident, finding: Finding, where: Where) -> Incident | None:
        changes = told_of(finding) | where._asdict() | {"last_seen_at": self._now()}
        # What was mailed counts, not what was seen last: swinging between warn and fail brings one mail each.
        changes["due"] = "alert" if needs_alert(finding.severity, known.notified_severity) else None
        # Of what another worker has mailed since we read it nobody is told again.
        state = {"_id": known.id, "closed_at": None, "notified_severity": known.notified_severity}
        done = self._incidents.update_one(state, {"$set": changes})
        return known.model_copy(update=_typed(changes)) if done.matched_count else None

    def _begin(self, finding: Finding, where: Where) -> Incident | None:
        number, now = self._latest_number(finding) + 1, self._now()
        opened = Incident(
            id=incident_id(finding.subject, finding.check, number),
            number=number,
            subject=finding.subject,
            check=finding.check,
            opened_at=now,
            last_seen_at=now,
            due="alert",
            **told_of(finding),
            **where._asdict(),
        )
        try:
            self._incidents.insert_one(opened.to_mongo())
        except DuplicateKeyError:
            return None
        return opened

    def _latest_number(self, finding: Finding) -> int:
        identity = {"subject": finding.subject, "check": finding.check}
        latest = list(self._incidents.find(identity).sort("number", DESCENDING).limit(1))
        return int(latest[0]["number"]) if latest else 0

    def _close(self, incident: Incident, where: Where) -> Incident | None:
        changes = {"closed_at": self._now(), "due": "recovery", "claimed_until": None, **where._asdict()}
        done = self._incidents.update_one({"_id": incident.id, "closed_at": None}, {"$set": changes})
        return incident.model_copy(update=changes) if done.matched_count else None

    def _claim(self, incident: Incident) -> bool:
        now, before = self._now(), incident.claimed_until
        if before is not None and before > now:
            return False
        state = {"_id": incident.id, "due": incident.due, "claimed_until": before}
        return bool(self._incidents.update_one(state, {"$set": {"claimed_until": now + CLAIM}}).matched_count)


def incident_id(subject: str, check: str, number: int) -> str:
    """The id of the nth incident of this identity: short, and safe in a mail's header."""
    digest = hashlib.sha256(f"{subject}\0{check}".encode()).hexdigest()[:16]
    return f"{digest}-{number}"


def _readable(found: Iterable[Document]) -> Iterator[Incident]:
    return readable(found, Incident.from_mongo, COLLECTION)


def _typed(changes: Mapping[str, Any]) -> dict[str, Any]:
    examples: Sequence[str] = changes["examples"]
    return {**changes, "examples": tuple(examples)}
