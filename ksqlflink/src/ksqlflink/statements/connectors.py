"""Connectors: statements about them are passed on to Kafka Connect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from ksqlflink.dialect import statements as st
from ksqlflink.errors import ConnectRefusal, ServerProblem
from ksqlflink.services.http import HttpError, JsonService, ServiceUnreachable, without_login
from ksqlflink.statements.entities import Entity, entity, warning

_DEFAULT_URL = "http://localhost:8083"  # ksqlDB's own default
_NOT_FOUND = 404
_CONFLICT = 409
_SHOWN_PROPERTY = "connector.class"


class Connect(Protocol):
    """What the statements need of Kafka Connect's REST API; here nobody listens."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer; HttpError or ServiceUnreachable otherwise."""
        del method, path, body
        raise ServiceUnreachable(unreachable(_DEFAULT_URL))


class NoConnect(Connect):
    """Stands in for Kafka Connect where none is configured."""


class ConnectService(JsonService):
    """Kafka Connect over HTTP."""

    def __init__(self, url: str) -> None:
        super().__init__("Kafka Connect", url)
        self._shown = without_login(url)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer; HttpError or ServiceUnreachable otherwise."""
        try:
            return super().call(method, path, body)
        except ServiceUnreachable as error:
            raise ServiceUnreachable(unreachable(self._shown)) from error


def unreachable(url: str) -> str:
    """Return what ksqlDB says when Kafka Connect does not answer."""
    host = urlsplit(url).hostname or ""
    address = "127.0.0.1" if host in ("localhost", "127.0.0.1") else host
    return (
        "io.confluent.ksql.util.KsqlServerException: org.apache.hc.client5.http.HttpHostConnectException: "
        f"Connect to {url} [{host}/{address}] failed: Connection refused\nCaused by: Could not connect to "
        "the server. Please check the server details are\n\tcorrect and that the server is running."
    )


class Connectors:
    """Carries out statements about connectors."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def create(self, statement: st.CreateConnector) -> Entity:
        """CREATE SOURCE|SINK CONNECTOR."""
        shown = masked(statement)
        if statement.name in self._call("GET", "/connectors", shown):
            message = f"Connector {statement.name} already exists"
            if statement.if_not_exists:
                return warning(shown, message)
            raise ConnectRefusal(message, _CONFLICT)
        config = {name: value.text for name, _, value in statement.properties}
        body = {"name": statement.name, "config": {**config, "name": statement.name}}
        info = self._call("POST", "/connectors", shown, body, "Failed to create connector")
        members = {name: info.get(name) for name in ("name", "config", "tasks", "type")}
        return entity("connector_info", shown, {"info": members})

    def drop(self, statement: st.DropConnector) -> Entity:
        """DROP CONNECTOR."""
        path = f"/connectors/{quote(statement.name, safe='')}"
        try:
            self._call("DELETE", path, statement.text, failure="Failed to drop connector")
        except ConnectRefusal as refusal:
            if not (statement.if_exists and refusal.status == _NOT_FOUND):
                raise
            return warning(statement.text, f"Connector '{statement.name}' does not exist.")
        return entity("drop_connector", statement.text, {"connectorName": statement.name})

    def show(self, statement: st.Show) -> Entity:
        """SHOW [SOURCE|SINK] CONNECTORS."""
        scope = statement.what.removesuffix("CONNECTORS").strip().lower()
        names = self._call("GET", "/connectors", statement.text, failure="Failed to list connectors")
        listed = [self._simple(name, statement.text) for name in names]
        wanted = [item for item in listed if not scope or item["type"] == scope]
        return entity("connector_list", statement.text, {"connectors": wanted})

    def _simple(self, name: str, text: str) -> Mapping[str, Any]:
        path = f"/connectors/{quote(name, safe='')}"
        info, status = self._call("GET", path, text), self._call("GET", f"{path}/status", text)
        return {
            "name": name,
            "type": info.get("type", "unknown"),
            "className": info["config"].get("connector.class"),
            "state": _summary(status),
        }

    def describe(self, statement: st.DescribeConnector) -> Entity:
        """DESCRIBE CONNECTOR."""
        path, text = f"/connectors/{quote(statement.name, safe='')}", statement.text
        status = self._call("GET", f"{path}/status", text, failure="Failed to query connector status")
        info = self._call("GET", path, text, failure="Failed to query connector")
        topics = self._call("GET", f"{path}/topics", text, failure="Failed to query connector topics")
        members = {
            "connectorClass": info["config"].get("connector.class"),
            "status": status,
            "sources": [],
            "topics": topics.get(statement.name, {}).get("topics", []),
        }
        return entity("connector_description", text, members)

    def _call(
        self,
        method: str,
        path: str,
        text: str,
        body: Any = None,
        failure: str = "Failed to query connectors",
    ) -> Any:
        try:
            return self._connect.call(method, path, body)
        except HttpError as error:
            raise ConnectRefusal(f"{failure}: {error.text}", error.answer) from error
        except ServiceUnreachable as error:
            raise ServerProblem(error.message, text) from error


def _summary(status: Mapping[str, Any]) -> str:
    """Return the state as ksqlDB lists it: a connector whose tasks do not all run is a WARNING."""
    tasks = [task["state"] for task in status["tasks"]]
    running = tasks.count("RUNNING")
    state = status["connector"]["state"]
    if state != "RUNNING":
        return str(state)
    if tasks and running == 0:
        state = "FAILED"
    elif running < len(tasks):
        state = "WARNING"
    return f"{state} ({running}/{len(tasks)} tasks RUNNING)"


def masked(statement: st.CreateConnector) -> str:
    """Return the statement's text without what may be a secret."""
    shown = [f"{name}={_shown(key, value.text)}" for key, name, value in statement.properties]
    guard = "IF NOT EXISTS " if statement.if_not_exists else ""
    return f"CREATE {statement.kind} CONNECTOR {guard}{statement.shown_name} WITH ({', '.join(shown)});"


def _shown(name: str, value: str) -> str:
    return f"'{value}'" if name.lower() == _SHOWN_PROPERTY else "'[string]'"
