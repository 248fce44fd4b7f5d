"""The Flink SQL gateway: submits the job of a query."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ksqlflink.catalogue.model import FlinkJob
from ksqlflink.errors import ServerProblem
from ksqlflink.flink.cluster import innermost_cause
from ksqlflink.services.http import HttpError, JsonService, ServiceUnreachable

_POLL_SECONDS = (0.005, 0.05)  # at first and at most
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
            self._service.call("GET", "/v2/info")
        except ServerProblem:
            return False
        return True

    def submit(self, job: FlinkJob, settings: dict[str, str]) -> None:
        """Submit the job with the query's settings overlaid by `settings`."""
        with self._session({**job.settings, **settings}) as session:
            self._run(session, job.tables, job.insert)

    def rehearse(self, job: FlinkJob) -> None:
        """Plan the job, submit nothing: a gateway that has just started loads its planner with the first."""
        with self._session(job.settings) as session:
            self._run(session, job.tables, f"EXPLAIN {job.insert}")

    @contextmanager
    def _session(self, properties: dict[str, str]) -> Iterator[str]:
        handle = self._service.call("POST", "/v2/sessions", {"properties": properties})["sessionHandle"]
        try:
            yield str(handle)
        finally:
            self._service.call("DELETE", f"/v2/sessions/{handle}")

    def _run(self, session: str, tables: Iterable[str], statement: str) -> None:
        for table in tables:
            self._accepted("POST", f"/v2/sessions/{session}/configure-session", {"statement": table})
        operation = self._service.call("POST", f"/v2/sessions/{session}/statements", {"statement": statement})
        path = f"/v2/sessions/{session}/operations/{operation['operationHandle']}/result/0"
        deadline, (pause, longest) = time.monotonic() + _DEADLINE_SECONDS, _POLL_SECONDS
        while time.monotonic() < deadline:
            if self._accepted("GET", path)["resultType"] != "NOT_READY":
                return
            time.sleep(pause)
            pause = min(2 * pause, longest)
        raise ServiceUnreachable(f"The Flink SQL gateway did not finish within {_DEADLINE_SECONDS:.0f} s")

    def _accepted(self, method: str, path: str, body: Any = None) -> Any:
        """Return an answer; FlinkRefusal when it says what is wrong with a statement."""
        try:
            return self._service.call(method, path, body)
        except HttpError as error:
            raise FlinkRefusal(_cause(error.text)) from error


def _cause(text: str) -> str:
    """Return what an error answer of the gateway says is wrong."""
    try:
        return innermost_cause("\n".join(str(item) for item in json.loads(text)["errors"]))
    except (ValueError, KeyError):
        return text
