"""The incident book while MongoDB cannot be reached: an Airflow Variable for each incident."""

from __future__ import annotations

import logging
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from airflow.sdk import Variable
from pydantic import TypeAdapter, ValidationError
from pymongo.errors import DuplicateKeyError

from macd.clients.mongodb import Document
from macd.errors import DeadlineExceeded, ServiceError
from macd.incidents.incident import Incident
from macd.incidents.store import COLLECTION, IncidentStore, incident_id, subject_digest, utc_now
from macd_airflow.notifications.turn import alive, is_fresh, turn

# The version before kept all of them in this one; whoever finds it takes it apart.
VARIABLE = "macd_alerts_unbooked"
PREFIX = f"{VARIABLE}_"
_OURS = "macd_alerts_"
_MOST = 200
# So many of other subjects a task reads or takes over: each is some requests, and Airflow kills a callback
# that takes longer than 20 s.
_OTHERS = 10
Order = Sequence[tuple[str, int]]
_INCIDENTS = TypeAdapter(list[Incident])
_log = logging.getLogger(__name__)


class Changed(NamedTuple):
    """What an update says."""

    matched_count: int


class Unbooked:
    """As much of a collection as the incident book needs.

    What is over and told is not kept. Each change waits for its turn, so of two on one condition one is made.
    """

    def find(self, query: Document, *, sort: Order = (), limit: int = 0) -> list[Document]:
        """Knows equality, $in and $or, and sorts by one field.

        Of subjects that the query does not name it reads a few, each time others.
        """
        found: Iterable[Document] = (
            each for key in _asked_for(query) for each in _documents(key) if _matches(each, query)
        )
        for field, direction in sort:
            found = sorted(found, key=itemgetter(field), reverse=direction < 0)
        return list(islice(found, limit or None))

    def insert_one(self, document: Document) -> None:
        """DuplicateKeyError when its id is taken."""
        key = PREFIX + document["_id"]
        with turn(document["_id"]) as mine:
            if _read_in_turn(key) or not is_fresh(mine):
                raise DuplicateKeyError("E11000")
            kept = Variable.keys(prefix=PREFIX)
            if key in kept:
                raise ServiceError(
                    "Airflow",
                    f"lists the Variable {key} and does not say what it holds.",
                    remedy="See the API server's log; the next task that ends tries again.",
                )
            if len(kept) >= _MOST:
                raise ServiceError(
                    "MongoDB",
                    f"is down, and {_MOST} incidents wait for it already; this one was not mailed.",
                    remedy="Start MongoDB: it takes them over when the next task ends.",
                )
            _keep(document)

    def update_one(self, query: Document, update: Mapping[str, Document]) -> Changed:
        """Changes the one with the `_id` of the query when the rest of that holds."""
        if not self._matching(query):  # as most claims of what another task is about to mail: no turn for it
            return Changed(0)
        with turn(query["_id"]) as mine:
            kept = self._matching(query)
            if not kept or not is_fresh(mine):
                return Changed(0)
            _keep(kept | update["$set"])
        return Changed(1)

    def _matching(self, query: Document) -> Document | None:
        return next((each for each in _documents(PREFIX + query["_id"]) if _matches(each, query)), None)


def book() -> IncidentStore:
    """The book of what happens without MongoDB."""
    return IncidentStore({COLLECTION: Unbooked()})


def hand_over(store: IncidentStore, subjects: Collection[str]) -> None:
    """The book takes over what was kept without it of these subjects, and a few others with each task.

    Except for what is being mailed just now.
    """
    if keys := _keys():
        store.count_open()  # fails when there is no book, before anybody waits for a turn
    own, others = _split(keys, subjects)
    with suppress(DeadlineExceeded):
        for key in own + others:
            with turn(key.removeprefix(PREFIX)):
                document = _read_in_turn(key)
                if document and _is_adopted(store, Incident.from_mongo(document)):
                    Variable.delete(key)


def _is_adopted(store: IncidentStore, kept: Incident) -> bool:
    is_claimed = kept.claimed_until is not None and kept.claimed_until > utc_now()
    return not is_claimed and store.adopt(kept)


def _keys() -> list[str]:
    found = list(Variable.keys(prefix=_OURS))
    alive(found)
    if VARIABLE in found:
        _take_apart()
        found = list(Variable.keys(prefix=_OURS))
    return [key for key in found if key.startswith(PREFIX)]


def _asked_for(query: Document) -> list[str]:
    parts = query.get("$or", [query])
    wanted = [part["subject"] for part in parts if "subject" in part]
    subjects = [one for each in wanted for one in (each["$in"] if isinstance(each, dict) else [each])]
    own, others = _split(_keys(), subjects)
    return own if len(wanted) == len(parts) else own + others


def _split(keys: Iterable[str], subjects: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of these subjects, and a few of the others by chance, so that none stays hidden."""
    begins = tuple(PREFIX + subject_digest(subject) for subject in subjects)
    own: list[str] = []
    others: list[str] = []
    for key in keys:
        (own if key.startswith(begins) else others).append(key)
    return own, random.sample(others, min(_OTHERS, len(others)))


def _take_apart() -> None:
    with turn("all"):
        text = Variable.get(VARIABLE, default=None)
        if text is None:
            return
        for kept in _of_the_version_before(text):
            known_as = incident_id(kept.subject, kept.check, kept.number)
            _keep(kept.to_mongo() | {"_id": known_as})
        Variable.delete(VARIABLE)


def _of_the_version_before(text: str) -> list[Incident]:
    try:
        return _INCIDENTS.validate_json(text)
    except ValidationError as error:
        _log_damaged(VARIABLE, error)
        return []


def _read(key: str) -> Document | None:
    """None when Airflow does not say: there is none, or (Variable.get tells them not apart) it failed."""
    text = Variable.get(key, default=None)
    return None if text is None else Incident.model_validate_json(text).to_mongo()


def _documents(key: str) -> list[Document]:
    """At most one."""
    with suppress(ValidationError):
        if document := _read(key):
            return [document]
    return []


def _read_in_turn(key: str) -> Document | None:
    """Removes what is no incident."""
    try:
        return _read(key)
    except ValidationError as error:
        _log_damaged(key, error)
        Variable.delete(key)
        return None


def _log_damaged(key: str, error: ValidationError) -> None:
    _log.warning("The Variable %s holds no incident and is removed: %s", key, error)


def _keep(document: Document) -> None:
    """What is over and told needs no memory."""
    incident = Incident.from_mongo(document)
    if incident.is_open or incident.due:
        Variable.set(PREFIX + incident.id, incident.model_dump_json())
    else:
        Variable.delete(PREFIX + incident.id)


def _matches(document: Document, query: Mapping[str, Any]) -> bool:
    def holds(name: str, wanted: Any) -> bool:
        if name == "$or":
            return any(_matches(document, each) for each in wanted)
        value = document[name]
        return value in wanted["$in"] if isinstance(wanted, dict) else value == wanted

    return all(holds(name, wanted) for name, wanted in query.items())
