"""Airflow over its REST API (v2): start a run of a DAG and follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any
from urllib.parse import quote

import requests

from macd.clients.http import HttpClient
from macd.specs.endpoints import HttpService

FINISHED = ("success", "failed")


@dataclass(frozen=True)
class TaskRun:
    """One task of a DAG run. `state` is Airflow's ("none" before it is scheduled), `duration` in seconds."""

    task_id: str
    state: str
    try_number: int
    duration: float | None


@dataclass(frozen=True)
class LogLine:
    """One line of a task's log; `errors` are the exceptions logged with it, the one raised last first."""

    level: str
    text: str
    errors: tuple[str, ...] = ()


class Airflow(HttpClient):
    """DAGs, runs, tasks and their logs."""

    name = "Airflow"
    connection = "MACD_AIRFLOW_URL (the local stack: MACD_LOCAL_AIRFLOW_PORT)"

    def __init__(self, service: HttpService, session: requests.Session | None = None) -> None:
        super().__init__(HttpService(url=service.url), session)
        self._service = service
        self._secrets.update(service.secrets)

    @property
    def url(self) -> str:
        """Address of the UI."""
        return self._url

    def log_in(self) -> None:
        """Fetches a token for user and password; the API takes nothing else."""
        password = self._service.password
        body = {
            "username": self._service.username,
            "password": password.get_secret_value() if password else None,
        }
        token = self.request("POST", "/auth/token", body)["access_token"]
        self._secrets.add(token)
        self._session.headers["Authorization"] = f"Bearer {token}"

    def has_dag(self, dag_id: str) -> bool:
        """Whether the DAG processor has found the DAG."""
        return self.request_or_none("GET", f"/api/v2/dags/{_quoted(dag_id)}") is not None

    def import_errors(self) -> dict[str, str]:
        """Why files in the DAGs folder could not be loaded: stack trace by file name."""
        found = self.request("GET", "/api/v2/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in found}

    def unpause(self, dag_id: str) -> None:
        """Lets the scheduler run the DAG."""
        self._set_paused(dag_id, False)

    def pause(self, dag_id: str) -> None:
        """Keeps the scheduler from starting further runs of the DAG."""
        self._set_paused(dag_id, True)

    def is_paused(self, dag_id: str) -> bool:
        """Whether the scheduler leaves the DAG alone."""
        return bool(self.request("GET", f"/api/v2/dags/{_quoted(dag_id)}")["is_paused"])

    def active_runs(self, dag_id: str) -> int:
        """How many runs of the DAG have not ended yet, whoever started them."""
        path = f"/api/v2/dags/{_quoted(dag_id)}/dagRuns?state=queued&state=running&limit=1"
        return int(self.request("GET", path)["total_entries"])

    def note(self, dag_id: str, dag_run_id: str) -> str:
        """The note on a run's page; empty without one."""
        return str(self.request("GET", _run(dag_id, dag_run_id))["note"] or "")

    def _set_paused(self, dag_id: str, is_paused: bool) -> None:
        path = f"/api/v2/dags/{_quoted(dag_id)}?update_mask=is_paused"
        self.request("PATCH", path, {"is_paused": is_paused})

    def task_ids(self, dag_id: str) -> tuple[str, ...]:
        """The DAG's tasks, each after those that it depends on."""
        found = self.request("GET", f"/api/v2/dags/{_quoted(dag_id)}/tasks")["tasks"]
        graph = TopologicalSorter[str]()
        for task in found:
            graph.add(task["task_id"])
            for downstream in task["downstream_task_ids"]:
                graph.add(downstream, task["task_id"])
        return tuple(graph.static_order())

    def trigger(self, dag_id: str, params: Mapping[str, Any]) -> str:
        """Starts a run with these params (the DAG's defaults for the others) and returns its id."""
        body = {"logical_date": None, "conf": dict(params)}
        return str(self.request("POST", f"/api/v2/dags/{_quoted(dag_id)}/dagRuns", body)["dag_run_id"])

    def state(self, dag_id: str, dag_run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self.request("GET", _run(dag_id, dag_run_id))["state"])

    def fail(self, dag_id: str, dag_run_id: str) -> None:
        """Ends a run: no further task begins, and what runs is killed at its next heartbeat."""
        self.request("PATCH", f"{_run(dag_id, dag_run_id)}?update_mask=state", {"state": "failed"})

    def task_runs(self, dag_id: str, dag_run_id: str) -> dict[str, TaskRun]:
        """Every task of a run by its id."""
        found = self.request("GET", f"{_run(dag_id, dag_run_id)}/taskInstances")["task_instances"]
        return {
            task["task_id"]: TaskRun(
                task["task_id"], task["state"] or "none", int(task["try_number"]), task["duration"]
            )
            for task in found
        }

    def log(self, dag_id: str, dag_run_id: str, task: TaskRun) -> tuple[LogLine, ...]:
        """The log of a task's latest try."""
        path = f"{_run(dag_id, dag_run_id)}/taskInstances/{_quoted(task.task_id)}/logs/{task.try_number}"
        return tuple(
            _log_line(entry) for entry in self.request("GET", f"{path}?full_content=true")["content"]
        )

    def xcom(self, dag_id: str, dag_run_id: str, task_id: str, key: str) -> Any:
        """A value that a task has left; None when it has left none."""
        path = f"{_run(dag_id, dag_run_id)}/taskInstances/{_quoted(task_id)}/xcomEntries/{_quoted(key)}"
        found = self.request_or_none("GET", path)
        return None if found is None else found["value"]

    def task_url(self, dag_id: str, dag_run_id: str, task_id: str) -> str:
        """The page of a task in the UI, with its log."""
        return f"{self._url}/dags/{_quoted(dag_id)}/runs/{_quoted(dag_run_id)}/tasks/{_quoted(task_id)}"

    def run_url(self, dag_id: str, dag_run_id: str) -> str:
        """The page of a run in the UI."""
        return f"{self._url}/dags/{_quoted(dag_id)}/runs/{_quoted(dag_run_id)}"


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _run(dag_id: str, dag_run_id: str) -> str:
    return f"/api/v2/dags/{_quoted(dag_id)}/dagRuns/{_quoted(dag_run_id)}"


def _log_line(entry: dict[str, Any] | str) -> LogLine:
    """Airflow's structured log entry; what is no JSON comes as a plain string."""
    if isinstance(entry, str):
        return LogLine("info", entry)
    errors = tuple(_raised(error) for error in entry.get("error_detail") or ())
    return LogLine(str(entry.get("level", "info")), str(entry["event"]), errors)


def _raised(error: dict[str, Any]) -> str:
    """An exception as text; Airflow's own types say nothing that the message does not."""
    kind, message = str(error["exc_type"]), str(error["exc_value"])
    return message if kind.startswith("Airflow") and message else f"{kind}: {message}"
