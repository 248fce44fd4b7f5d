"""The Flink cluster behind the server, over the job manager's REST API."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ksqlflink.errors import ServerProblem
from ksqlflink.services.http import HttpError, JsonService

_ENDED = frozenset({"FAILED", "CANCELED", "FINISHED"})
_POLL_SECONDS = 0.1
_FAR_CAUSE = "<Exception on server side:"


@dataclass(frozen=True)
class Job:
    """A job the cluster knows; age in milliseconds since it was submitted."""

    id: str
    state: str
    running_tasks: int
    tasks: int
    age_ms: int

    @property
    def ended(self) -> bool:
        """Tell whether the job will never run again."""
        return self.state in _ENDED


class FlinkCluster:
    """Jobs, checkpoints and savepoints of a session cluster."""

    def __init__(self, service: JsonService) -> None:
        self._service = service
        self._config: dict[str, str] = {}

    def alive(self) -> bool:
        """Tell whether the job manager answers and has a task manager."""
        try:
            return bool(self._service.call("GET", "/overview")["taskmanagers"])
        except ServerProblem:
            return False

    def jobs(self) -> dict[str, Job]:
        """Return all jobs by id."""
        listed = self._service.call("GET", "/jobs/overview")["jobs"]
        return {item["jid"]: _job(item) for item in listed}

    def job(self, job_id: str) -> Job | None:
        """Return one job; None when the cluster does not know it."""
        return self.jobs().get(job_id)

    def failure(self, job_id: str) -> str | None:
        """Return the cause of the exception that last made a job restart or fail, while it is not over.

        It is over once a checkpoint has completed after it.
        """
        try:
            exceptions = self._service.call("GET", f"/jobs/{job_id}/exceptions?maxExceptions=1")
            entries = exceptions["exceptionHistory"]["entries"]
            if not entries:
                return None
            completed = self._service.call("GET", f"/jobs/{job_id}/checkpoints")["latest"]["completed"]
        except HttpError:
            return None  # the cluster has just forgotten the job
        newest = entries[0]
        if completed and completed["latest_ack_timestamp"] > newest["timestamp"]:
            return None
        return innermost_cause(str(newest["stacktrace"]))

    def newest_checkpoint(self, job_id: str) -> str | None:
        """Return the location of the newest completed checkpoint of a job the cluster still knows."""
        try:
            statistics = self._service.call("GET", f"/jobs/{job_id}/checkpoints")
        except HttpError as error:
            if error.answer == HTTPStatus.NOT_FOUND:
                return None
            raise
        completed = statistics["latest"]["completed"]
        return str(completed["external_path"]) if completed else None

    def newest_checkpoint_on_disk(self, job_id: str) -> str | None:
        """Return the newest complete checkpoint, where the checkpoint folder is one of this machine."""
        folder = self._folder("execution.checkpointing.dir")
        if folder is None:
            return None
        complete = [path.parent for path in (folder / job_id).glob("chk-*/_metadata")]
        newest = max(complete, key=lambda path: int(path.name.removeprefix("chk-")), default=None)
        return newest.as_uri() if newest else None

    def _folder(self, key: str) -> Path | None:
        if not self._config:
            listed = self._service.call("GET", "/jobmanager/config")
            self._config = {item["key"]: item["value"] for item in listed}
        location = urlparse(self._config.get(key, ""))
        return Path(location.path) if location.scheme == "file" and location.path else None

    def stop(self, job_id: str, deadline_seconds: float) -> bool:
        """End a job for good: with a savepoint, so that its last transaction is committed, or by cancelling.

        Returns whether its last transaction was committed. Raises ServerProblem when the job has not ended by
        the deadline.
        """
        deadline = time.monotonic() + deadline_seconds
        committed = self._stop_with_savepoint(job_id, deadline)
        self._end(job_id, deadline + deadline_seconds)
        self._discard(job_id)
        return committed

    def stop_keeping_state(self, job_id: str, deadline_seconds: float) -> str | None:
        """End a job and return the savepoint to go on from, None when it could not make one.

        Its checkpoints stay. Raises ServerProblem when the job has not ended by the deadline.
        """
        deadline = time.monotonic() + deadline_seconds
        savepoint = self._savepoint_of(job_id, deadline)
        self._end(job_id, deadline + deadline_seconds)
        return savepoint

    def cancel(self, job_id: str, deadline_seconds: float) -> None:
        """End a job whose state nobody needs, and remove its checkpoints."""
        self._end(job_id, time.monotonic() + deadline_seconds)
        self._discard(job_id)

    def _end(self, job_id: str, deadline: float) -> None:
        job = self.job(job_id)
        if job is not None and not job.ended:
            self._service.call("PATCH", f"/jobs/{job_id}?mode=cancel")
        if not self._wait_for_end(job_id, deadline):
            raise ServerProblem(f"Flink job {job_id} did not end in time")

    def _stop_with_savepoint(self, job_id: str, deadline: float) -> bool:
        location = self._savepoint_of(job_id, deadline)
        if location is None:
            return False
        ended = self._wait_for_end(job_id, deadline)
        self._remove(urlparse(location).path)
        job = self.job(job_id)
        return ended and (job is None or job.state == "FINISHED")

    def _savepoint_of(self, job_id: str, deadline: float) -> str | None:
        """Stop a job with a savepoint and return where that is; None when there is none."""
        job = self.job(job_id)
        if job is None or job.state != "RUNNING" or job.running_tasks < job.tasks:
            return None
        try:
            trigger = self._service.call("POST", f"/jobs/{job_id}/stop", {"drain": False})["request-id"]
            operation = self._savepoint(f"/jobs/{job_id}/savepoints/{trigger}", deadline)
        except HttpError:
            return None
        return operation.get("location")

    def _savepoint(self, path: str, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline:
            answer = self._service.call("GET", path)
            if answer["status"]["id"] == "COMPLETED":
                operation: dict[str, Any] = answer["operation"]
                return operation
            time.sleep(_POLL_SECONDS)
        return {}

    def _discard(self, job_id: str) -> None:
        """Remove the checkpoints of a job that will never be resumed."""
        folder = self._folder("execution.checkpointing.dir")
        if folder is not None:
            self._remove(str(folder / job_id))

    @staticmethod
    def _remove(folder: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)  # not a folder of this machine: left to its owner

    def _wait_for_end(self, job_id: str, deadline: float) -> bool:
        while time.monotonic() < deadline:
            job = self.job(job_id)
            if job is None or job.ended:
                return True
            time.sleep(_POLL_SECONDS)
        return False


def innermost_cause(trace: str) -> str:
    """Return the line of a Java stack trace that says what is wrong: the last cause, or the first line."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    # What happened in another process is named in the line after the one that says so.
    far = [index + 1 for index, line in enumerate(lines[:-1]) if line.endswith(_FAR_CAUSE)]
    if far:
        return lines[far[-1]]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes or lines[:1] or [trace])[-1]


def _job(item: dict[str, Any]) -> Job:
    tasks = item["tasks"]
    return Job(item["jid"], item["state"], tasks["running"], tasks["total"], item["duration"])


def exists(checkpoint: str) -> bool:
    """Tell whether a checkpoint is there, as far as that can be seen from here."""
    location = urlparse(checkpoint)
    return location.scheme != "file" or Path(location.path, "_metadata").exists()
