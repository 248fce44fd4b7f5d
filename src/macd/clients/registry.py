"""Schema Registry over its Confluent-compatible REST API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from macd.clients.http import RETRY, HttpClient
from macd.errors import RequestRejected

CONFLICT = 409


@dataclass(frozen=True)
class RegisteredSchema:
    """A version of a subject; `schema_id` is what stands in front of every message."""

    subject: str
    version: int
    schema_id: int
    definition: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The registry's answer to whether a schema may follow the registered ones."""

    compatible: bool
    reasons: tuple[str, ...]


class SchemaRegistry(HttpClient):
    """Subjects, versions, compatibility."""

    name = "Schema Registry"
    connection = "macd_schema_registry"
    content_type = "application/vnd.schemaregistry.v1+json"
    # Registering twice gives the same id, so every method may be repeated; and Apicurio on H2 answers 500
    # to one of two registrations at the same moment.
    retry = RETRY.new(allowed_methods=None, status_forcelist=(500, 502, 503, 504))

    def latest(self, subject: str) -> RegisteredSchema | None:
        """The newest version of a subject; None when the subject does not exist."""
        found = self.request_or_none("GET", f"/subjects/{_quoted(subject)}/versions/latest")
        if found is None:
            return None
        return RegisteredSchema(subject, found["version"], found["id"], json.loads(found["schema"]))

    def find(self, subject: str, definition: dict[str, Any]) -> RegisteredSchema | None:
        """The version of the subject that is exactly this schema; None when it has no such version."""
        found = self.request_or_none("POST", f"/subjects/{_quoted(subject)}", _body(definition))
        return found and RegisteredSchema(subject, found["version"], found["id"], definition)

    def check(self, subject: str, definition: dict[str, Any]) -> Verdict:
        """Whether `definition` may become the next version, with the registry's own reasons if not."""
        path = f"/compatibility/subjects/{_quoted(subject)}/versions/latest?verbose=true"
        answer = self.request("POST", path, _body(definition))
        # Confluent's registry gives a list of messages, Apicurio one reason.
        reasons = answer.get("messages") or filter(None, [answer.get("reason")])
        return Verdict(bool(answer["is_compatible"]), tuple(map(str, reasons)))

    def register(self, subject: str, definition: dict[str, Any]) -> int:
        """Registers a version and returns the schema id; the same schema again gives the same id."""
        answer = self.request("POST", f"/subjects/{_quoted(subject)}/versions", _body(definition))
        return int(answer["id"])

    def compatibility(self, subject: str) -> str | None:
        """The subject's own compatibility level; None when it follows the global one."""
        found = self.request_or_none("GET", f"/config/{_quoted(subject)}")
        return None if found is None else str(found["compatibilityLevel"])

    def set_compatibility(self, subject: str, level: str) -> None:
        """Sets the subject's own compatibility level."""
        path, body = f"/config/{_quoted(subject)}", {"compatibility": level}
        try:
            self.request("PUT", path, body)
        except RequestRejected as error:
            # Of two that set the first level of a subject at once Apicurio tells one that there is a rule.
            if error.code != CONFLICT:
                raise
            self.request("PUT", path, body)

    def delete(self, subject: str) -> None:
        """Deletes every version of a subject for good; no error when it does not exist.

        The first request only hides it: a schema registered again would then stay hidden on Apicurio.
        """
        path = f"/subjects/{_quoted(subject)}"
        try:
            self.request_or_none("DELETE", path)
        except RequestRejected as error:
            # What Apicurio says of a subject that is hidden already, by somebody who came no further.
            if error.code != requests.codes.bad_request:
                raise
        self.request_or_none("DELETE", f"{path}?permanent=true")

    def mode(self) -> str | None:
        """READWRITE, READONLY, ...; None where the registry knows no modes (Apicurio)."""
        found = self.request_or_none("GET", "/mode")
        return None if found is None else str(found["mode"])

    def server_version(self) -> str | None:
        """The version that a Confluent registry announces; None for one that does not."""
        found = self.request_or_none("GET", "/v1/metadata/version")
        return None if found is None else str(found["version"])

    def subjects(self) -> list[str]:
        """The names of all subjects."""
        return list(self.request("GET", "/subjects"))

    def remedy_for(self, code: int) -> str:
        """The registry's codes: 409 incompatible, 42201 not Avro."""
        if code == CONFLICT:
            return "Make the schema compatible (give new fields a default) or use a new topic."
        if code == 42201:
            return "Correct the schema; it is not valid Avro."
        return super().remedy_for(code)


def _quoted(subject: str) -> str:
    return quote(subject, safe="")


def _body(definition: dict[str, Any]) -> dict[str, str]:
    return {"schema": json.dumps(definition, separators=(",", ":"))}
