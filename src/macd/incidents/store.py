"""The incident book in MongoDB.

Several workers book at once. What keeps them apart is the document's `_id`: the nth incident of a subject
and check has an id that follows from these three, so only one of two workers can open it; every later change
names the state that it starts from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from macd.clients.mongodb import Document, readable
from macd.errors import ServiceError
from macd.incidents.finding import Finding, Severity
from macd.incidents.incident import Incident, Where, merged, needs_alert, told_of, where_of

COLLECTION = "incidents"
# Longer than a mail server may take. After it somebody else may send the mail of a task that was killed.
CLAIM = timedelta(minutes=3)
# Before a mail that was refused is tried a second time, a third time, ...
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 32, 60))
MOST_OPEN = 200
_ATTEMPTS = 5
NOWHERE = Where()
_NEWEST_FIRST = [("opened_at", DESCENDING)]
_DUE = {"due": {"$in": ["alert", "recovery"]}}
# Whoever was told of a failure need not hear of the same as a warning.
_TOLD_WITH: Mapping[Severity, Sequence[Severity]] = {"fail": ("fail", "warn"), "warn": ("warn",)}
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

    def __init__(self, database: Database[Document] | Mapping[str, Any], clock: Clock = utc_now) -> None:
        self._incidents = database[COLLECTION]
        self._now = clock

    def recent(self, limit: int = 20) -> list[Incident]:
        """The incidents that opened last, newest first."""
        found = self._incidents.find({}, sort=_NEWEST_FIRST, limit=limit)
        return list(_readable(found))

    def open(self, limit: int = MOST_OPEN) -> list[Incident]:
        """What is wrong now, newest first."""
        found = self._incidents.find({"closed_at": None}, sort=_NEWEST_FIRST, limit=limit)
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
        return bool(list(self._incidents.find({"$or": [lasting, _DUE]}, limit=1)))

    def adopt(self, kept: Incident) -> bool:
        """Takes over an incident that was kept elsewhere; False when somebody else changes it just now."""
        known = self._open_of(kept.subject).get(kept.check)
        if known is None:
            return self._insert(kept) is not None
        if not kept.is_open:
            return self._close(known, where_of(kept)) is not None
        as_read = {"_id": known.id, "closed_at": None, "notified_severity": known.notified_severity}
        done = self._incidents.update_one(as_read, {"$set": merged(known, kept)})
        return bool(done.matched_count)

    def claim_due(self, first: Collection[str] = ()) -> list[Incident]:
        """Takes over every mail that has not gone out, of any subject; oldest first.

        While one of the subjects `first` is due, of these only: of many workers each then gets its own. What
        was tried in vain waits for all others.
        Whoever claims has to say how it went: `sent`, `refused` or `release`. What becomes due of the same
        incident meanwhile waits for that, so whoever has sent something asks again.
        """
        own = {"subject": {"$in": list(first)}, "retry_at": None}
        waiting = self._waiting(own | _DUE) or self._waiting(_DUE)
        claimed = [mine for incident in waiting if (mine := self._claim(incident))]
        return sorted(claimed, key=lambda incident: incident.opened_at)

    def sent(self, incidents: Iterable[Incident], message_id: str, refused: Sequence[str] = ()) -> None:
        """Notes that the mail these incidents were due has gone out, to all but `refused`."""
        for incident in incidents:
            done: dict[str, Any] = {"refused": list(refused), "refusals": 0, "retry_at": None}
            if incident.due == "recovery":
                done["recovery_notified_at"] = self._now()
            else:
                done |= {"notified_at": self._now(), "notified_severity": incident.severity}
                done["message_id"] = incident.message_id or message_id
            # In one step, or else another worker would mail it again.
            told = {"due": incident.due, "severity": {"$in": _TOLD_WITH[incident.severity]}}
            if not self._give_back(incident, told, done | {"due": None}):
                # What became due meanwhile (it closed, it got worse) stays due.
                self._give_back(incident, {}, done)

    def refused(self, incidents: Iterable[Incident], why: str) -> None:
        """The mail server wants no such mail: it is tried again, ever later."""
        for incident in incidents:
            pause = _PAUSES[min(incident.refusals, len(_PAUSES) - 1)]
            refusals = incident.refusals + 1
            self._retry(incident, {"refused": [why], "refusals": refusals, "retry_at": self._now() + pause})

    def put_off(self, incidents: Iterable[Incident], why: str) -> None:
        """The mail server gave up over this mail, which need not be the mail's fault: others go first."""
        for incident in incidents:
            self._retry(incident, {"refused": [why], "retry_at": self._now() + _PAUSES[0]})

    def release(self, incidents: Iterable[Incident]) -> None:
        """The mail could not be sent: the next look tries again."""
        for incident in incidents:
            self._give_back(incident, {}, {})

    def _retry(self, incident: Incident, later: Mapping[str, Any]) -> None:
        if not self._give_back(incident, {"due": incident.due}, later):
            self._give_back(incident, {}, {})

    def _give_back(self, claimed: Incident, state: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
        """Changes it and ends the claim; False when its state is another, or somebody else has claimed it."""
        mine = {"_id": claimed.id, "claimed_until": claimed.claimed_until, **state}
        done = self._incidents.update_one(mine, {"$set": {**changes, "claimed_until": None}})
        return bool(done.matched_count)

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
        now = self._now()
        return self._insert(
            Incident(
                id="",
                number=0,
                subject=finding.subject,
                check=finding.check,
                opened_at=now,
                last_seen_at=now,
                due="alert",
                **told_of(finding),
                **where._asdict(),
            )
        )

    def _insert(self, begun: Incident) -> Incident | None:
        """Gives it the next number of its identity; None when another worker has done so, or one is open."""
        latest = self._latest(begun)
        # An open one that cannot be read counts as over, or else nobody heard of this again.
        if any(each.is_open for each in _readable(latest)):
            return None
        number = latest[0]["number"] + 1 if latest else 1
        known_as = {"number": number, "id": incident_id(begun.subject, begun.check, number)}
        numbered = begun.model_copy(update=known_as)
        try:
            self._incidents.insert_one(numbered.to_mongo())
        except DuplicateKeyError:
            return None
        return numbered

    def _latest(self, like: Incident) -> list[Document]:
        """At most one."""
        identity = {"subject": like.subject, "check": like.check}
        return list(self._incidents.find(identity, sort=[("number", DESCENDING)], limit=1))

    def _close(self, incident: Incident, where: Where) -> Incident | None:
        mail = {"due": "recovery", "refusals": 0, "retry_at": None}
        changes = {"closed_at": self._now(), **mail, **where._asdict()}
        done = self._incidents.update_one({"_id": incident.id, "closed_at": None}, {"$set": changes})
        return incident.model_copy(update=changes) if done.matched_count else None

    def _waiting(self, due: Mapping[str, Any]) -> list[Incident]:
        return [each for each in _readable(self._incidents.find(due)) if self._may_be_claimed(each)]

    def _may_be_claimed(self, incident: Incident) -> bool:
        now = self._now()
        return all(until is None or until <= now for until in (incident.claimed_until, incident.retry_at))

    def _claim(self, incident: Incident) -> Incident | None:
        mine = incident.model_copy(update={"claimed_until": self._now() + CLAIM})
        as_read = incident.model_dump(include={"due", "severity", "claimed_until"})
        claim = {"$set": {"claimed_until": mine.claimed_until}}
        done = self._incidents.update_one({"_id": incident.id, **as_read}, claim)
        return mine if done.matched_count else None


def incident_id(subject: str, check: str, number: int) -> str:
    """The id of the nth incident of this identity: short, and safe in a mail's header."""
    identity = _digest(f"{subject}\0{check}")[:8]
    return f"{subject_digest(subject)}{identity}-{number}"


def subject_digest(subject: str) -> str:
    """What the ids of a subject's incidents begin with."""
    return _digest(subject)[:8]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _readable(found: Iterable[Document]) -> Iterator[Incident]:
    return readable(found, Incident.from_mongo, COLLECTION)


def _typed(changes: Mapping[str, Any]) -> dict[str, Any]:
    examples: Sequence[str] = changes["examples"]
    return {**changes, "examples": tuple(examples)}
