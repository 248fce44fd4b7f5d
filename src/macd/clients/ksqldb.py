"""ksqlDB over its REST API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from macd.clients.http import HttpClient
from macd.errors import AuthenticationFailed, DeadlineExceeded, RequestRejected

# A stream that is deployed after its topics were filled still has to see every record.
FROM_THE_START = {"ksql.streams.auto.offset.reset": "earliest"}
# What a server's operator forbids clients to set.
DENY_LIST = "ksql.properties.overrides.denylist"
# Neither can be quoted in a statement, so nothing else may stand in its place.
_QUERY_ID = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = ("STREAM", "TABLE")
_UNDER_WAY = ("QUEUED", "PARSING", "EXECUTING")
_POLL_S = 0.2

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Server:
    """A ksqlDB server: its version, its own state, and the id of the Kafka cluster that it works for.

    The names of its consumer groups and internal topics begin with _confluent-ksql- and `service_id`, which
    Confluent Cloud calls the cluster's topic_prefix.
    """

    version: str
    state: str
    kafka_cluster_id: str | None
    service_id: str = ""


@dataclass(frozen=True)
class Query:
    """A persistent query: its id, its state (RUNNING, ERROR, ...) and the topics that it writes."""

    query_id: str
    state: str
    sink_topics: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A stream or table: its defining statement and the queries that write and read it."""

    name: str
    kind: str
    topic: str
    statement: str
    writers: tuple[Query, ...]
    readers: tuple[Query, ...]


class KsqlDb(HttpClient):
    """Statements, sources, queries."""

    name = "ksqlDB"
    connection = "macd_ksqldb"
    # A server waits 5 minutes for a query to end (ksql.streams.shutdown.timeout.ms), and then lets it be.
    command_patience_s = 300.0
    content_type = "application/vnd.ksql.v1+json"

    def execute(self, sql: str, properties: Mapping[str, str] = FROM_THE_START) -> list[dict[str, Any]]:
        """Runs one or more statements and returns ksqlDB's entities, one a statement, once they are done.

        A server answers after 5 s (ksql.server.command.response.timeout.ms) also when it is still at it.
        """
        body = {"ksql": sql, "streamsProperties": dict(properties)}
        entities = list(self.request("POST", "/ksql", body))
        for entity in entities:
            self._wait_until_done(entity)
        return entities

    def _wait_until_done(self, entity: Mapping[str, Any]) -> None:
        status = entity.get("commandStatus")
        if status is None:
            return
        path = f"/status/{quote(entity['commandId'])}"
        if status["status"] in _UNDER_WAY:
            what = f"the command {entity['commandId']} is still {status['status']}"
            status = self._polled(lambda: self.request("GET", path), _is_under_way, what)
        if status["status"] == "ERROR":
            raise RequestRejected(self.name, self.clean(status["message"]), remedy=self.remedy_for(40001))

    def _polled(self, ask: Callable[[], Answer], goes_on: Callable[[Answer], bool], what: str) -> Answer:
        waiting = Retrying(
            retry=retry_if_result(goes_on),
            stop=stop_after_delay(self.command_patience_s),
            wait=wait_fixed(_POLL_S),
        )
        try:
            return waiting(ask)
        except RetryError:
            raise DeadlineExceeded(
                f"ksqlDB: {what} after {self.command_patience_s:.0f} s.",
                remedy="Find the reason in ksqlDB's log, then do the same again.",
            ) from None

    def server(self) -> Server:
        """What the server says of itself."""
        found = self.request("GET", "/info")["KsqlServerInfo"]
        state = str(found.get("serverStatus", "RUNNING"))
        service_id = str(found.get("ksqlServiceId") or "")
        return Server(str(found["version"]), state, found.get("kafkaClusterId"), service_id)

    def server_version(self) -> str:
        """The version that the server announces."""
        return self.server().version

    def unhealthy_parts(self) -> tuple[str, ...]:
        """The parts of the server that are not well by its own health check; empty when all are."""
        found = self.request("GET", "/healthcheck")
        parts = found.get("details") or {}
        unwell = tuple(name for name, part in parts.items() if not part["isHealthy"])
        return unwell or (() if found["isHealthy"] else ("the server",))

    def may_set(self, name: str) -> bool | None:
        """Whether the server lets a client set a property; None when it does not tell. Sets nothing.

        A server, or what stands before it, may not offer the one endpoint; then it lists what it forbids.

        https://docs.confluent.io/platform/current/ksqldb/developer-guide/ksqldb-rest-api/is_valid_property-endpoint.html
        """
        try:
            return bool(self.request("GET", f"/is_valid_property/{quote(name, safe='')}"))
        except AuthenticationFailed:
            return self._is_off_the_list(name)
        except RequestRejected as error:
            if str(error.code).startswith("400"):
                return False
            if str(error.code).startswith("5"):
                raise
            return self._is_off_the_list(name)

    def _is_off_the_list(self, name: str) -> bool | None:
        """By what the server lists; asked without properties, of which one might be forbidden."""
        [entity] = self.execute("SHOW PROPERTIES;", {})
        listed = {each["name"]: each["value"] for each in entity["properties"]}
        if listed.get(DENY_LIST) is None:
            return None
        return name not in re.split(r"[\s,\[\]]+", listed[DENY_LIST])

    def topic_names(self) -> set[str]:
        """The topics that the server may see with its own Kafka account."""
        [entity] = self.execute("LIST TOPICS;")
        return {topic["name"] for topic in entity["topics"]}

    def source(self, name: str) -> Source | None:
        """One stream or table by its upper-case name; None when there is none."""
        if name not in self.source_names():
            return None
        [entity] = self.execute(f"DESCRIBE {quoted(name)};")
        described = entity["sourceDescription"]
        return Source(
            name=described["name"],
            kind=described["type"],
            topic=described["topic"],
            statement=described["statement"],
            writers=_queries(described["writeQueries"]),
            readers=_queries(described["readQueries"]),
        )

    def source_names(self) -> set[str]:
        """The names of all streams and tables."""
        return {source["name"] for source in self._listed()}

    def source_topics(self) -> dict[str, str]:
        """The topics of all streams and tables by the names of these."""
        return {source["name"]: source["topic"] for source in self._listed()}

    def _listed(self) -> list[dict[str, Any]]:
        entities = self.execute("LIST STREAMS; LIST TABLES;")
        return [each for entity in entities for each in entity.get("streams") or entity.get("tables") or ()]

    def queries(self) -> tuple[Query, ...]:
        """All persistent queries."""
        [entity] = self.execute("LIST QUERIES;")
        return _queries(entity["queries"])

    def terminate(self, query_id: str) -> None:
        """Ends a persistent query on every server of the cluster; its topic and what it wrote stay.

        No error when it has ended already.
        """
        if not _QUERY_ID.fullmatch(query_id):
            raise self._unusable(query_id)
        try:
            self.execute(f"TERMINATE {query_id};")
        except RequestRejected:
            if self._runs(query_id):
                raise
        self._polled(lambda: self._runs(query_id), bool, f"the query {query_id} still runs")

    def _runs(self, query_id: str) -> bool:
        return query_id in {query.query_id for query in self.queries()}

    def drop(self, source: Source) -> None:
        """Drops a stream or table; its topic stays."""
        if source.kind not in _KINDS:
            raise self._unusable(source.kind)
        self.execute(f"DROP {source.kind} IF EXISTS {quoted(source.name)};")

    def _unusable(self, text: str) -> RequestRejected:
        return RequestRejected(
            self.name,
            f"gave {text[:60]!r} where a query's id or a source's kind belongs.",
            remedy="Check that the address in macd_ksqldb is a ksqlDB server's.",
        )

    def remedy_for(self, code: int) -> str:
        """ksqlDB's codes are HTTP status x 100 + n; 40001 is a bad statement."""
        if code == 40001:
            return "Correct the statement in include/ksql."
        return super().remedy_for(code)


def quoted(name: str) -> str:
    """`name` as an identifier of ksqlDB, whatever it holds: a backtick in it is written twice."""
    return "`" + name.replace("`", "``") + "`"


def _is_under_way(status: Mapping[str, Any]) -> bool:
    return status["status"] in _UNDER_WAY


def _queries(entries: list[dict[str, Any]]) -> tuple[Query, ...]:
    return tuple(Query(entry["id"], entry["state"], tuple(entry["sinkKafkaTopics"])) for entry in entries)
