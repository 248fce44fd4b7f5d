"""Subjects of a Confluent-compatible schema registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import requests

from ksqlflink.errors import BadRequest
from ksqlflink.http import HttpError, JsonService

_REFUSED = (requests.codes.conflict, requests.codes.unprocessable)
_NOTHING_TO_DELETE = (requests.codes.not_found, requests.codes.bad_request)


class Registry(Protocol):
    """What validating and executing statements needs of the registry."""

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""

    def register(self, subject: str, schema: str) -> None:
        """Register a schema under a subject."""

    def delete(self, subject: str) -> None:
        """Delete a subject, if there is one."""


class SchemaRegistry:
    """A registry over HTTP."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""
        try:
            return str(
                self._service.call("GET", f"/subjects/{quote(subject, safe='')}/versions/latest")["schema"]
            )
        except HttpError as error:
            if error.answer == requests.codes.not_found:
                return None
            raise

    def register(self, subject: str, schema: str) -> None:
        """Register a schema; BadRequest when it is not compatible with what the subject holds."""
        try:
            self._post(subject, schema)
        except HttpError as error:
            if error.answer not in _REFUSED:
                raise
            self._register_again(subject, schema)

    def _post(self, subject: str, schema: str) -> None:
        self._service.call("POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": schema})

    def _register_again(self, subject: str, schema: str) -> None:
        # Apicurio answers 409 also when another request creates the subject at the same moment.
        try:
            self._post(subject, schema)
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


@dataclass
class SandboxRegistry:
    """Subjects as they will be once the statements before have run; registers and deletes nothing."""

    real: Registry
    _changed: dict[str, str | None] = field(default_factory=dict)

    def latest(self, subject: str) -> str | None:
        """Return the newest schema of a subject."""
        return self._changed[subject] if subject in self._changed else self.real.latest(subject)

    def register(self, subject: str, schema: str) -> None:
        """Note a schema."""
        self._changed[subject] = schema

    def delete(self, subject: str) -> None:
        """Note that a subject will be gone."""
        self._changed[subject] = None
