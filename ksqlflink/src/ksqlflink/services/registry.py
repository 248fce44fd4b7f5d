"""Subjects of a Confluent-compatible schema registry."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from ksqlflink.errors import BadRequest
from ksqlflink.services.http import HttpError, JsonService

_REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
PLACEHOLDER_ID = 0  # of a schema that is not registered, because the statement is only validated
_NEWEST_SECONDS = 1.0
_MOST_UNKNOWN = 1000  # what is no Avro may look like any id
_NOTHING_TO_DELETE = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)


def subject_of(topic: str) -> str:
    """Return the subject of a topic's values."""
    return f"{topic}-value"


def key_subject_of(topic: str) -> str:
    """Return the subject of a topic's keys."""
    return f"{topic}-key"


class Registry(Protocol):
    """What validating and executing statements needs of the registry."""

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""

    def latest_id(self, subject: str) -> int | None:
        """Return the id of the newest schema of a subject."""

    def ids(self, subject: str) -> list[int]:
        """Return the ids of all versions of a subject."""

    def schema(self, schema_id: int) -> str | None:
        """Return the schema of that id."""

    def register(self, subject: str, schema: str) -> int:
        """Register a schema under a subject and return its id."""

    def delete(self, subject: str) -> None:
        """Delete a subject, if there is one."""


class SchemaRegistry:
    """A registry over HTTP."""

    def __init__(self, service: JsonService) -> None:
        self._service = service
        self._schemas: dict[int, str] = {}  # an id never gets another schema
        self._unknown: dict[int, float] = {}  # ids, and until when they are not asked for again
        self._ids: dict[str, tuple[int, float]] = {}  # the newest of subjects, and until when they are so

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""
        found = self._get(f"/subjects/{quote(subject, safe='')}/versions/latest")
        return str(found["schema"]) if found else None

    def latest_id(self, subject: str) -> int | None:
        """Return the id of the newest schema of a subject; each record that is inserted asks for it."""
        known, until = self._ids.get(subject, (0, 0.0))
        if time.monotonic() < until:
            return known
        found = self._get(f"/subjects/{quote(subject, safe='')}/versions/latest")
        if found is None:
            return None
        self._ids[subject] = int(found["id"]), time.monotonic() + _NEWEST_SECONDS
        return int(found["id"])

    def ids(self, subject: str) -> list[int]:
        """Return the ids of all versions of a subject."""
        path = f"/subjects/{quote(subject, safe='')}/versions"
        versions = self._get(path) or []
        return [int((self._get(f"{path}/{version}") or {"id": -1})["id"]) for version in versions]

    def schema(self, schema_id: int) -> str | None:
        """Return the schema of that id."""
        known = self._schemas.get(schema_id)
        if known is not None or time.monotonic() < self._unknown.get(schema_id, 0.0):
            return known
        found = self._get(f"/schemas/ids/{schema_id}")
        if found is None:
            self._miss(schema_id)
            return None
        return self._schemas.setdefault(schema_id, str(found["schema"]))

    def _miss(self, schema_id: int) -> None:
        if len(self._unknown) >= _MOST_UNKNOWN:
            self._unknown.clear()
        self._unknown[schema_id] = time.monotonic() + _NEWEST_SECONDS

    def _get(self, path: str) -> Any:
        try:
            return self._service.call("GET", path)
        except HttpError as error:
            if error.answer == HTTPStatus.NOT_FOUND:
                return None
            raise

    def register(self, subject: str, schema: str) -> int:
        """Register a schema; BadRequest when it is not compatible with what the subject holds."""
        try:
            return self._post(subject, schema)
        except HttpError as error:
            if error.answer not in _REFUSED:
                raise
            return self._register_again(subject, schema)

    def _post(self, subject: str, schema: str) -> int:
        path = f"/subjects/{quote(subject, safe='')}/versions"
        answer = self._service.call("POST", path, {"schema": schema})
        self._ids.pop(subject, None)
        return int(answer["id"])

    def _register_again(self, subject: str, schema: str) -> int:
        # Apicurio answers 409 also when another request creates the subject at the same moment.
        try:
            return self._post(subject, schema)
        except HttpError as error:
            if error.answer not in _REFUSED:
                raise
            raise BadRequest(f"Could not register schema for subject '{subject}': {error.text}") from error

    def delete(self, subject: str) -> None:
        """Delete a subject for good, if there is one.

        Soft deletion alone would not do: Apicurio keeps a schema disabled that is registered again later.
        """
        for suffix in ("", "?permanent=true"):
            try:
                self._service.call("DELETE", f"/subjects/{quote(subject, safe='')}{suffix}")
            except HttpError as error:
                if error.answer not in _NOTHING_TO_DELETE:
                    raise
        self._ids.pop(subject, None)


@dataclass
class SandboxRegistry:
    """Subjects as they will be once the statements before have run; registers and deletes nothing."""

    real: Registry
    _changed: dict[str, str | None] = field(default_factory=dict)

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""
        return self._changed[subject] if subject in self._changed else self.real.latest(subject)

    def latest_id(self, subject: str) -> int | None:
        """Return the id of the newest schema of a subject; a placeholder for one that is only noted."""
        if subject in self._changed:
            return None if self._changed[subject] is None else PLACEHOLDER_ID
        return self.real.latest_id(subject)

    def ids(self, subject: str) -> list[int]:
        """Return the ids of all versions of a subject."""
        return self.real.ids(subject)

    def schema(self, schema_id: int) -> str | None:
        """Return the schema of that id."""
        return self.real.schema(schema_id)

    def register(self, subject: str, schema: str) -> int:
        """Note a schema."""
        self._changed[subject] = schema
        return PLACEHOLDER_ID

    def delete(self, subject: str) -> None:
        """Note that a subject will be gone."""
        self._changed[subject] = None
