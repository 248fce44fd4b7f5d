"""The Confluent Schema Registry REST calls the runner needs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

TIMEOUT_S = 30
# Some registries answer 409 or 500 to one of two concurrent writers (Apicurio on H2: "Concurrent update");
# every call made here may be repeated.
_RETRY = Retry(
    total=5, status_forcelist=[409, 500], allowed_methods=None, backoff_factor=0.1, raise_on_status=False
)


def _patient_session() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return session


class Registry:
    """Client of one registry; `url` is the base of its Confluent API."""

    def __init__(self, url: str, session: requests.Session | None = None) -> None:
        self._url = url.rstrip("/")
        self._session = session or _patient_session()
        self._schemas: dict[int, Any] = {}

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        response = self._session.request(method, f"{self._url}{path}", json=body, timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.json()

    def register(self, subject: str, schema: Any) -> int:
        """Register an Avro schema and return its id."""
        body = {"schema": json.dumps(schema)}
        return int(self._call("POST", f"/subjects/{quote(subject, safe='')}/versions", body)["id"])

    def schema(self, schema_id: int) -> Any:
        """The Avro schema with this id, parsed."""
        if schema_id not in self._schemas:
            self._schemas[schema_id] = json.loads(self._call("GET", f"/schemas/ids/{schema_id}")["schema"])
        return self._schemas[schema_id]

    def latest(self, subject: str) -> tuple[Any, int] | None:
        """(schema, id) of the latest version, or None for a subject that does not exist."""
        try:
            found = self._call("GET", f"/subjects/{quote(subject, safe='')}/versions/latest")
        except requests.HTTPError as error:
            if error.response.status_code == requests.codes.not_found:
                return None
            raise
        return json.loads(found["schema"]), int(found["id"])

    def delete(self, subject: str) -> None:
        """Delete all versions for good; a missing subject is fine."""
        path = f"/subjects/{quote(subject, safe='')}"
        # A registry wants the soft delete before the permanent one, and one without soft deletes
        # no longer knows the subject then.
        for suffix in ("", "?permanent=true"):
            try:
                self._call("DELETE", path + suffix)
            except requests.HTTPError as error:
                if error.response.status_code != requests.codes.not_found:
                    raise
