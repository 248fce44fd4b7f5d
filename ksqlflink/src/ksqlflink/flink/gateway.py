"""The Flink SQL gateway: submits the job of a query."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ksqlflink.catalogue.model import FlinkJob
from ksqlflink.errors import ServerProblem
from ksqlflink.flink.cluster import innermost_cause
from ksqlflink.services.http import HttpError, JsonService, ServiceUnreachable

_POLL_SECONDS = 0.05
_DEADLINE_SECONDS = 90.0


class FlinkRefusal(ServerProblem):
    """Flink does not accept a statement; the message is the innermost cause it gives."""


class SqlGateway:
    """One session for each submission, closed afterwards (the job stays)."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def alive(self) -> bool:
        """Tell whether the gateway answers."""
        try:
            self._service.call("GET", "/v1/info")
        except ServerProblem:
            return False
        return True

    def submit(self, job: FlinkJob, settings: dict[str, str]) -> None:
        """Submit the job with the query's settings overlaid by `settings`."""
        with self._session({**job.settings, **settings}) as session:
            for statement in (*job.tables, job.insert):
                self._run(session, statement)

    @contextmanager
    def _session(self, properties: dict[str, str]) -> Iterator[str]:
        handle = self._service.call("POST", "/v1/sessions", {"properties": properties})["sessionHandle"]
        try:
            yield str(handle)
        finally:
            self._service.call("DELETE", f"/v1/sessions/{handle}")

    def _run(self, session: str, statement: str) -> dict[str, Any]:
        path = f"/v1/sessions/{session}/statements"
        operation = self._service.call("POST", path, {"statement": statement})["operationHandle"]
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while time.monotonic() < deadline:
            result = self._result(f"/v1/sessions/{session}/operations/{operation}/result/0")
            if result["resultType"] != "NOT_READY":
                return result
            time.sleep(_POLL_SECONDS)
        raise ServiceUnreachable(f"The Flink SQL gateway did not finish within {_DEADLINE_SECONDS:.0f} s")

    def _result(self, path: str) -> dict[str, Any]:
        try:
            result: dict[str, Any] = self._service.call("GET", path)
        except HttpError as error:
            raise FlinkRefusal(_cause(error.text)) from error
        return result


def _cause(text: str) -> str:
    """Return what an error answer of the gateway says is wrong."""
    try:
        return innermost_cause("\n".join(str(item) for item in json.loads(text)["errors"]))
    except (ValueError, KeyError):
        return text
