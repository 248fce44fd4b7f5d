"""The Connect API: managed connectors of one cluster, with states that a test may set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import unquote

from tests.cloud.answer import Answer, connect_error

ENVIRONMENT, CLUSTER = "env-fake1", "lkc-fake1"
BASE = f"/connect/v1/environments/{ENVIRONMENT}/clusters/{CLUSTER}"
PLUGIN = "MongoDbAtlasSink"
# Keys of type password on the connector's page, and the secret of a Kafka API key.
SECRETS = ("connection.password", "kafka.api.secret")
REQUIRED = (
    "name",
    "topics",
    "input.data.format",
    "connection.host",
    "connection.user",
    "connection.password",
)
CHOICES = {
    "input.data.format": ("AVRO", "JSON_SR", "PROTOBUF", "JSON", "STRING", "BSON"),
    "kafka.auth.mode": ("KAFKA_API_KEY", "SERVICE_ACCOUNT"),
    "doc.id.strategy": (
        "BsonOidStrategy",
        "FullKeyStrategy",
        "ProvidedInKeyStrategy",
        "ProvidedInValueStrategy",
    ),
    "write.strategy": ("DefaultWriteModelStrategy", "InsertOneDefaultStrategy", "ReplaceOneDefaultStrategy"),
    "input.key.format": ("AVRO", "BYTES", "JSON", "JSON_SR", "PROTOBUF", "STRING"),
    "mongo.errors.tolerance": ("NONE", "ALL"),
    "errors.tolerance": ("none", "all"),
}
# What the API fills in where nothing was asked for. Choices and defaults are those of Confluent's template,
# templates/fm/MongoDbAtlasSink_resolved_templates.json of github.com/confluentinc/connect-migration-utility.
DEFAULTS = {
    "errors.tolerance": "all",
    "input.key.format": "STRING",
    "mongo.errors.tolerance": "NONE",
    "cloud.environment": "prod",
    "cloud.provider": "aws",
    "kafka.endpoint": "SASL_SSL://pkc-fake1.ap-south-1.aws.confluent.cloud:9092",
    "kafka.region": "ap-south-1",
    "max.num.retries": "3",
    "max.poll.records": "500",
}


@dataclass
class Connector:
    """A connector; `provisioning` is how many more questions about its status say PROVISIONING."""

    identifier: str
    config: dict[str, str]
    provisioning: int
    state: str = "RUNNING"
    trace: str = ""
    tasks: list[dict[str, Any]] = field(default_factory=list)
    # {partition: offset}; None where the service does not tell how far the connector has come.
    offsets: dict[str, int] | None = None
    observed_at: str | None = "2026-01-01T00:00:00.123456789Z"
    has_task_restart: bool = True

    def shown(self) -> dict[str, str]:
        return {
            key: "*" * len(value) if key in SECRETS else value
            for key, value in {**DEFAULTS, **self.config}.items()
        }

    def refuse_document(self) -> str | None:
        """The dead-letter topic of a document that MongoDB refuses; None when the task fails of it.

        The sink's own mongo.errors.tolerance is always set, and so errors.tolerance says nothing here.
        """
        known = {"errors.deadletterqueue.topic.name": f"dlq-{self.identifier}", **self.shown()}
        if known["mongo.errors.tolerance"] == "ALL":
            return known["errors.deadletterqueue.topic.name"]
        self.tasks = [{"id": 0, "state": "USER_ACTIONABLE_ERROR", "msg": "Bulk write operation error"}]
        return None


class ConnectApi:
    """Everything below BASE."""

    def __init__(self) -> None:
        self.connectors: dict[str, Connector] = {}
        self.provisioning = 0
        self._ids = count(1)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        match (method, *path.removeprefix(BASE).strip("/").split("/")):
            case ("GET", "connectors"):
                return self._list(query.get("expand", ""))
            case ("GET", "connector-plugins"):
                return Answer(200, [{"class": PLUGIN, "type": "sink", "version": "1.0.0"}])
            case ("PUT", "connector-plugins", plugin, "config", "validate"):
                return self._validate(plugin, body)
            case ("PUT", "connectors", name, "config"):
                return self._put(name, body)
            case (_, "connectors", name, *rest) if name in self.connectors:
                return self._about(name, method, rest)
            case (_, "connectors", name, *_):
                return connect_error(404, f"Connector {name} not found")
        return connect_error(404, "resource not found")

    def _about(self, name: str, method: str, rest: list[str]) -> Answer:
        match (method, *rest):
            case ("GET", "config"):
                return Answer(200, self.connectors[name].shown())
            case ("GET", "status"):
                return Answer(200, self._status(name))
            case ("GET", "offsets"):
                return self._offsets(name)
            case ("POST", "restart"):
                return self._restart(name)
            case ("POST", "tasks", task, "restart"):
                return self._restart_task(name, int(task))
            case ("DELETE",):
                del self.connectors[name]
                return Answer(200, {"error": None})
        return connect_error(404, "resource not found")

    def _list(self, expand: str) -> Answer:
        if expand != "id":
            return Answer(200, list(self.connectors))
        ids = {name: {"id": {"id": c.identifier, "id_type": "ID"}} for name, c in self.connectors.items()}
        return Answer(200, ids)

    def _validate(self, plugin: str, config: dict[str, str]) -> Answer:
        if plugin != PLUGIN:
            return connect_error(404, f"Connector plugin {plugin} not found")
        found = complaints(config)
        values = [
            {"value": {"name": key, "value": config.get(key), "errors": found.get(key, [])}}
            for key in {*config, *REQUIRED}
        ]
        return Answer(200, {"name": plugin, "groups": [], "error_count": len(found), "configs": values})

    def _put(self, name: str, config: dict[str, str]) -> Answer:
        found = complaints(config)
        if config.get("connector.class") != PLUGIN:
            message = f"Failed to find any class that implements Connector and which name matches {config}"
            return Answer(500, {"error_code": 500, "message": message})
        if found:
            told = "; ".join(f"{key}: {errors[0]}" for key, errors in found.items())
            return Answer(400, {"error_code": 400, "message": f"{told} in {config}"})
        known = self.connectors.get(name)
        identifier = known.identifier if known else f"lcc-fake{next(self._ids)}"
        self.connectors[name] = Connector(identifier, dict(config), self.provisioning)
        if is_misread(config):
            self.connectors[name].state = "FAILED"
            self.connectors[name].trace = "The connection string contains invalid user information."
        return Answer(200, {"name": name, "config": self.connectors[name].shown(), "type": "sink"})

    def _status(self, name: str) -> dict[str, Any]:
        connector = self.connectors[name]
        own: dict[str, Any] = {"state": connector.state, "worker_id": connector.identifier}
        tasks = connector.tasks or [{"id": 0, "state": "RUNNING", "worker_id": connector.identifier}]
        if connector.provisioning:
            connector.provisioning -= 1
            own["state"], tasks = "PROVISIONING", []
        if connector.trace:
            own["trace"] = connector.trace
        return {"name": name, "type": "sink", "connector": own, "tasks": tasks}

    def _restart(self, name: str) -> Answer:
        connector = self.connectors[name]
        connector.state, connector.trace, connector.tasks = "RUNNING", "", []
        return Answer(202)

    def _restart_task(self, name: str, task: int) -> Answer:
        connector = self.connectors[name]
        restarted = [each for each in connector.tasks if each["id"] == task]
        if not connector.has_task_restart or not restarted:
            return connect_error(404, "resource not found")
        for each in restarted:
            each["state"] = "RUNNING"
        connector.state = "RUNNING" if all(t["state"] == "RUNNING" for t in connector.tasks) else "DEGRADED"
        return Answer(202)

    def _offsets(self, name: str) -> Answer:
        """As https://docs.confluent.io/cloud/current/connectors/offsets.html shows a sink's."""
        connector = self.connectors[name]
        if connector.offsets is None:
            return connect_error(404, "no offsets were observed yet")
        offsets = [
            {
                "partition": {"kafka_topic": connector.config["topics"], "kafka_partition": int(partition)},
                "offset": {"kafka_offset": offset},
            }
            for partition, offset in connector.offsets.items()
        ]
        metadata = {"observed_at": connector.observed_at} if connector.observed_at else {}
        return Answer(
            200, {"id": connector.identifier, "name": name, "offsets": offsets, "metadata": metadata}
        )


def is_misread(config: dict[str, str]) -> bool:
    """Whether MongoDB's driver finds another login in the URI that the template makes without encoding it.

    A percent sign begins a code, the host ends at a slash or question mark, and an @ too many is refused.
    """
    uri = f"{config['connection.user']}:{config['connection.password']}@{config['connection.host']}"
    login, _, host = re.split("[/?]", uri, maxsplit=1)[0].rpartition("@")
    found = [unquote(part) for part in login.split(":")] + [host]
    return "@" in login or found != [config[f"connection.{key}"] for key in ("user", "password", "host")]


def complaints(config: dict[str, str]) -> dict[str, list[str]]:
    """By key, as the plugin's validation words them."""
    missing = {key: [f'"{key}" is required'] for key in REQUIRED if not config.get(key)}
    wrong = {
        key: [f"Invalid value {config[key]}. Has to be one of: {', '.join(allowed)}"]
        for key, allowed in CHOICES.items()
        if key in config and config[key] not in allowed
    }
    if config.get("kafka.auth.mode") == "SERVICE_ACCOUNT" and not config.get("kafka.service.account.id"):
        missing["kafka.service.account.id"] = ['"kafka.service.account.id" is required']
    return missing | wrong
