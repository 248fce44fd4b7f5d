"""Managed connectors over Confluent Cloud's Connect API.

Endpoints, fields and states: https://docs.confluent.io/cloud/current/connectors/connect-api-section.html,
https://docs.confluent.io/cloud/current/connectors/connector-statuses.html, and each operation's page under
https://docs.confluent.io/cloud/current/ccloud/ (docs/cloud.md lists them).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from macd.clients.connect import ConnectorStatus, SinkOffsets, TaskStatus, first_line
from macd.clients.http import RETRY, HttpClient
from macd.errors import AuthenticationFailed, RequestRejected
from macd.redaction import SECRET_NAME
from macd.specs.endpoints import ConnectService

# A managed task says why it failed by its state; the self-managed connector's tasks know one word for it.
_TASK_STATES = {
    "SYSTEM_ERROR": "FAILED",
    "USER_ACTIONABLE_ERROR": "FAILED",
    # What a task does while its connector is paused.
    "STOPPED": "PAUSED",
}
# Asterisks, as many as the secret has characters or not: the API never tells it.
_MASKED = re.compile(r"\*{3,}")
# An endpoint that is not there: no such path, not for this method, not made yet.
_NOT_OFFERED = (404, 405, 501)


class ConfluentConnect(HttpClient):
    """Connectors of one Kafka cluster (lkc-...) in one environment (env-...); needs a Cloud API key."""

    name = "Confluent Cloud's Connect API"
    connection = "macd_kafka_connect"
    hides_secrets = True
    retry = RETRY.new(status_forcelist=(500, 502, 503, 504))

    def __init__(self, service: ConnectService, session: requests.Session | None = None) -> None:
        super().__init__(service, session)
        environment, cluster = (
            quote(service.environment or "", safe=""),
            quote(service.cluster or "", safe=""),
        )
        self._base = f"/connect/v1/environments/{environment}/clusters/{cluster}"

    def connectors(self) -> list[str]:
        """The names of all managed connectors of the cluster."""
        return list(self.request("GET", f"{self._base}/connectors"))

    def plugins(self) -> dict[str, str]:
        """The plugins that the cluster offers: class (MongoDbAtlasSink) and version."""
        found = self.request("GET", f"{self._base}/connector-plugins")
        return {plugin["class"]: str(plugin.get("version")) for plugin in found}

    def config(self, connector: str) -> dict[str, str] | None:
        """The configuration with defaults filled in and secrets as asterisks; None when there is none."""
        found = self.request_or_none("GET", f"{self._of(connector)}/config")
        return None if found is None else dict(found)

    def put_config(self, connector: str, config: dict[str, str]) -> None:
        """Creates the connector or replaces its configuration; the API wants the name in it as well."""
        self._remember(config)
        self.request("PUT", f"{self._of(connector)}/config", {**config, "name": connector})

    def differing(self, actual: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[str, ...]:
        """Only what was asked for counts: the API adds defaults. A masked value cannot be compared."""
        return tuple(key for key in sorted(wanted) if not _agrees(actual.get(key), wanted[key]))

    def complaints(self, config: dict[str, str]) -> tuple[str, ...]:
        """What the plugin finds wrong with a configuration ("field: reason"), without creating anything."""
        self._remember(config)
        plugin = quote(config["connector.class"], safe="")
        answer = self.request("PUT", f"{self._base}/connector-plugins/{plugin}/config/validate", config)
        values = [entry["value"] for entry in answer["configs"]]
        found = (f"{value['name']}: {reason}" for value in values for reason in value.get("errors") or ())
        return tuple(self.clean(text) for text in found)

    def status(self, connector: str) -> ConnectorStatus | None:
        """State of the connector and its tasks in the words of the self-managed one; None without it.

        PROVISIONING, RUNNING, DEGRADED, PAUSED, FAILED, NONE and DELETED are the connector's; of a connector
        that is gone nothing is said.
        """
        found = self.request_or_none("GET", f"{self._of(connector)}/status")
        if found is None or found["connector"]["state"] == "DELETED":
            return None
        own = found["connector"]
        tasks = tuple(self._task(task) for task in found.get("tasks") or ())
        return ConnectorStatus(found["name"], own["state"], tasks, self._reason(own.get("trace")))

    def consumer_group(self, connector: str) -> str | None:
        """connect-lcc-...: a managed connector reads under its id."""
        found = self.request("GET", f"{self._base}/connectors?expand=id")
        return f"connect-{found[connector]['id']['id']}" if connector in found else None

    def offsets(self, connector: str, /) -> SinkOffsets | None:
        """As the service last saw them, maybe minutes ago; None where it does not tell, or not this key.

        https://docs.confluent.io/cloud/current/connectors/offsets.html
        """
        try:
            found = self.request("GET", f"{self._of(connector)}/offsets")
        except (AuthenticationFailed, RequestRejected):
            return None
        # The schema promises none of the fields.
        seen_at = (found.get("metadata") or {}).get("observed_at")
        if not seen_at or not found.get("offsets"):
            return None
        offsets = {_place(at["partition"]): int(at["offset"]["kafka_offset"]) for at in found["offsets"]}
        return SinkOffsets(offsets, datetime.fromisoformat(seen_at))

    def restart_failed(self, connector: str) -> None:
        """Restarts the tasks that failed; the whole connector where that is what failed.

        Confluent documents the restart of a connector only. Where it has none for a task, or the task is
        gone meanwhile, the connector is restarted with all its tasks.
        """
        status = self.status(connector)
        failures = status.failures if status and status.state != "FAILED" else ()
        if not failures or not all(self._restart_task(connector, each.task) for each in failures):
            self.request("POST", f"{self._of(connector)}/restart")

    def delete(self, connector: str) -> None:
        """Deletes a connector; no error when it does not exist."""
        self.request_or_none("DELETE", self._of(connector))

    def complaint(self, body: Any, code: int, message: str) -> tuple[int, str]:
        """Refusals are {"error": {"code", "message"}} or {"error_code", "message"}, by operation."""
        inner = body.get("error")
        if isinstance(inner, dict):
            code, message = inner.get("code") or code, inner.get("message", message)
        else:
            code, message = super().complaint(body, code, message)
        return code, message

    def credentials_remedy(self, status: int) -> str:
        """A Cloud API key; those of a cluster are refused here."""
        if status == 403:
            return (
                f"The Cloud API key {self._user} is valid, but its account may not do this: give it the role "
                "CloudClusterAdmin on the Kafka cluster (Accounts & access)."
            )
        return (
            f"The Cloud API key {self._user} is kept in {self._kept_in}. It may have expired or be deleted, "
            "or be a cluster's own: make one of type 'Cloud resource management' and put it "
            "there."
        )

    def remedy_for(self, code: int) -> str:
        """400 is a configuration, 404 an environment or cluster that the key does not see."""
        if code == 400:
            return "Correct include/connectors (part apis.confluent_cloud) or connector_config of the target."
        if code == 404:
            return "Check environment (env-...) and cluster (lkc-...) of the target or the Connection."
        return "Try again later; https://status.confluent.cloud says whether something is wrong there."

    def _restart_task(self, connector: str, task: int) -> bool:
        """Whether the service did it; False where it has no such endpoint or task."""
        try:
            self.request("POST", f"{self._of(connector)}/tasks/{task}/restart")
        except RequestRejected as error:
            if error.code in _NOT_OFFERED:
                return False
            raise
        return True

    def _task(self, task: Mapping[str, Any]) -> TaskStatus:
        state = str(task["state"])
        # The documentation says `msg`; a self-managed worker's word for it does no harm.
        reason = self._reason(task.get("msg") or task.get("trace"))
        told = f"{state}: {reason}".rstrip(": ") if _TASK_STATES.get(state) == "FAILED" else reason
        return TaskStatus(int(task["id"]), _TASK_STATES.get(state, state), told)

    def _reason(self, trace: str | None) -> str:
        return self.clean(first_line(trace))

    def _of(self, connector: str) -> str:
        return f"{self._base}/connectors/{quote(connector, safe='')}"

    def _remember(self, config: Mapping[str, str]) -> None:
        self._secrets.update(value for key, value in config.items() if value and SECRET_NAME.search(key))


def is_masked(value: str) -> bool:
    """Whether the API shows asterisks in place of this value."""
    return _MASKED.fullmatch(value) is not None


def _place(partition: Mapping[str, Any]) -> tuple[str, int]:
    return str(partition["kafka_topic"]), int(partition["kafka_partition"])


def _agrees(actual: str | None, wanted: str) -> bool:
    return actual is not None and (is_masked(actual) or actual == wanted)
