"""Kafka Connect over its REST API, and what any protocol to connectors has to offer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import requests

from macd.clients.http import HttpClient
from macd.errors import ServiceUnreachable

_NOT_FOUND, _REBALANCING = 404, 409


@dataclass(frozen=True)
class Worker:
    """A Connect worker: its version, and the id of the Kafka cluster that it works for."""

    version: str
    kafka_cluster_id: str


@dataclass(frozen=True)
class TaskStatus:
    """One task of a connector; `trace` is the first line of why it failed, empty otherwise."""

    task: int
    state: str
    trace: str


@dataclass(frozen=True)
class ConnectorStatus:
    """A connector's state and its tasks'. A connector can be RUNNING while all its tasks are FAILED.

    `trace` is the first line of why the connector itself failed, empty otherwise.
    """

    name: str
    state: str
    tasks: tuple[TaskStatus, ...]
    trace: str = ""

    @property
    def failures(self) -> tuple[TaskStatus, ...]:
        """The tasks that failed."""
        return tuple(task for task in self.tasks if task.state == "FAILED")

    @property
    def healthy(self) -> bool:
        """Whether the connector runs, has tasks, and every one of them runs."""
        return self.state == "RUNNING" and bool(self.tasks) and all(t.state == "RUNNING" for t in self.tasks)

    @property
    def failed(self) -> bool:
        """Whether the connector or one of its tasks failed."""
        return self.state == "FAILED" or bool(self.failures)

    @property
    def detail(self) -> str:
        """One line: the connector's state, and each task's with the reason of a failure."""
        tasks = ", ".join(f"task {task.task} {task.state} {task.trace}".rstrip() for task in self.tasks)
        return f"{f'{self.state} {self.trace}'.rstrip()}; {tasks or 'no tasks'}"


class SinkOffsets(NamedTuple):
    """How far a sink has come by its service's own account: offsets by topic and partition, and when seen."""

    offsets: dict[tuple[str, int], int]
    observed_at: datetime


class Connect(Protocol):
    """Connectors, their configuration and their tasks, whatever protocol the service speaks."""

    # Whether answers show asterisks in place of secrets, so that a change of one cannot be seen.
    hides_secrets: bool

    def connectors(self) -> list[str]:
        """The names of all connectors."""

    def plugins(self) -> dict[str, str]:
        """The connector plugins that there are: class and version."""

    def config(self, connector: str) -> dict[str, str] | None:
        """A connector's configuration as the service lists it; None when there is none."""

    def put_config(self, connector: str, config: dict[str, str]) -> None:
        """Creates the connector or replaces its configuration."""

    def differing(self, actual: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[str, ...]:
        """The keys in which a listed configuration is not the wanted one; never their values."""

    def complaints(self, config: dict[str, str]) -> tuple[str, ...]:
        """What is wrong with a configuration ("field: reason"), without creating anything."""

    def status(self, connector: str) -> ConnectorStatus | None:
        """State of the connector and its tasks; None when there is no such connector."""

    def consumer_group(self, connector: str) -> str | None:
        """The Kafka consumer group by which a sink reads; None when there is no such connector."""

    def offsets(self, connector: str, /) -> SinkOffsets | None:
        """How far a sink has come, where the service tells it and Kafka may not; None otherwise."""

    def restart_failed(self, connector: str) -> None:
        """Restarts what of the connector failed."""

    def delete(self, connector: str) -> None:
        """Deletes a connector; no error when it does not exist."""


class KafkaConnect(HttpClient):
    """Connectors, their configuration and their tasks."""

    name = "Kafka Connect"
    connection = "macd_kafka_connect"
    hides_secrets = False

    def worker(self) -> Worker:
        """The worker that answers."""
        found = self.request("GET", "/")
        return Worker(str(found["version"]), str(found["kafka_cluster_id"]))

    def plugins(self) -> dict[str, str]:
        """The installed connector plugins: class and version."""
        return {
            found["class"]: str(found.get("version")) for found in self.request("GET", "/connector-plugins")
        }

    def connectors(self) -> list[str]:
        """The names of all connectors."""
        return list(self.request("GET", "/connectors"))

    def config(self, connector: str) -> dict[str, str] | None:
        """A connector's configuration as the worker lists it; None when there is none."""
        found = self.request_or_none("GET", f"/connectors/{_quoted(connector)}/config")
        return None if found is None else dict(found)

    def put_config(self, connector: str, config: dict[str, str]) -> None:
        """Creates the connector or replaces its configuration."""
        self.request("PUT", f"/connectors/{_quoted(connector)}/config", config)

    def differing(self, actual: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[str, ...]:
        """The keys only: a value may be a secret that somebody else put there."""
        keys = sorted({*actual, *wanted} - {"name"})
        return tuple(key for key in keys if actual.get(key) != wanted.get(key))

    def complaints(self, config: dict[str, str]) -> tuple[str, ...]:
        """What the plugin finds wrong with a configuration ("field: reason"), without creating anything."""
        plugin = config["connector.class"].rpartition(".")[2]
        answer = self.request("PUT", f"/connector-plugins/{_quoted(plugin)}/config/validate", config)
        values = [entry["value"] for entry in answer["configs"]]
        # A plugin may quote the URI that it cannot use, which the worker has filled in with a password.
        return tuple(
            f"{value['name']}: {self.clean(reason)}" for value in values for reason in value["errors"]
        )

    def status(self, connector: str) -> ConnectorStatus | None:
        """State of the connector and its tasks; None when there is no such connector."""
        found = self.request_or_none("GET", f"/connectors/{_quoted(connector)}/status")
        if found is None:
            return None
        tasks = tuple(
            TaskStatus(task["id"], task["state"], self._reason(task.get("trace"))) for task in found["tasks"]
        )
        own = found["connector"]
        return ConnectorStatus(found["name"], own["state"], tasks, self._reason(own.get("trace")))

    def consumer_group(self, connector: str) -> str | None:
        """A worker names the group after the connector."""
        return f"connect-{connector}"

    def offsets(self, _: str, /) -> SinkOffsets | None:
        """A worker has nothing to tell that Kafka does not tell sooner."""
        return None

    def restart_failed(self, connector: str) -> None:
        """Restarts the connector and its failed tasks, nothing else."""
        self.request("POST", f"/connectors/{_quoted(connector)}/restart?includeTasks=true&onlyFailed=true")

    def delete(self, connector: str) -> None:
        """Deletes a connector; no error when it does not exist."""
        self.request_or_none("DELETE", f"/connectors/{_quoted(connector)}")

    def turns_away(self, response: requests.Response) -> bool:
        """Also while it starts, and while the workers rebalance (409)."""
        return super().turns_away(response) or _is_starting(response) or response.status_code == _REBALANCING

    def _send(self, method: str, path: str, json: Any) -> requests.Response:
        response = super()._send(method, path, json)
        if _is_starting(response):
            told = f"{self._url} is still starting after {self.patience_s:.0f} s."
            remedy = "Read its log and try again; if there is no Kafka Connect at that address, correct it."
            raise ServiceUnreachable(self.name, told, remedy=remedy)
        return response

    def _reason(self, trace: str | None) -> str:
        return self.clean(first_line(trace))

    def remedy_for(self, code: int) -> str:
        """What to do about a rebalance that lasts."""
        if code == _REBALANCING:
            return "The worker is rebalancing; try again in a few seconds."
        return super().remedy_for(code)


def _is_starting(response: requests.Response) -> bool:
    """A worker that starts has no paths yet: its 404 is Jetty's, without what Connect itself says."""
    if response.status_code != _NOT_FOUND:
        return False
    with suppress(ValueError):
        body = response.json()
        return not (isinstance(body, dict) and "error_code" in body)
    return True


def first_line(trace: str | None) -> str:
    """The first line of a stack trace, which says what happened; empty without one."""
    return (trace or "").partition("\n")[0].strip()


def _quoted(connector: str) -> str:
    return quote(connector, safe="")
