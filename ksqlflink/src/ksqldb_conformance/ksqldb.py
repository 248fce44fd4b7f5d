"""The ksqlDB REST calls the data case runner needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT_S = 120
MEDIA_TYPE = "application/vnd.ksql.v1+json"
EARLIEST = {"ksql.streams.auto.offset.reset": "earliest"}


class StatementError(Exception):
    """The server refused a statement."""


@dataclass(frozen=True)
class Source:
    """A stream or table of the server's catalogue."""

    kind: str
    name: str
    topic: str


class KsqlDb:
    """Client of one ksqlDB-compatible server."""

    def __init__(self, url: str, session: requests.Session | None = None) -> None:
        self._url = url.rstrip("/")
        self._session = session or requests.Session()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def execute(self, statement: str, properties: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Send one statement; the entities of the answer, or StatementError with the server's message."""
        response = self._session.post(
            f"{self._url}/ksql",
            json={"ksql": statement, "streamsProperties": {**EARLIEST, **(properties or {})}},
            headers={"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE},
            timeout=TIMEOUT_S,
        )
        if response.status_code != requests.codes.ok:
            raise StatementError(f"{statement}\n  -> HTTP {response.status_code} {_message(response)}")
        return list(response.json())

    def sources(self) -> list[Source]:
        """All streams and tables."""
        streams = self.execute("SHOW STREAMS;")[0]["streams"]
        tables = self.execute("SHOW TABLES;")[0]["tables"]
        return [Source(found["type"], found["name"], found["topic"]) for found in [*streams, *tables]]

    def queries(self) -> list[dict[str, Any]]:
        """The persistent queries as SHOW QUERIES lists them."""
        return list(self.execute("SHOW QUERIES;")[0]["queries"])

    def running(self, ids: Collection[str]) -> bool:
        """True if every one of these queries is listed as RUNNING."""
        states = {query["id"]: query.get("state") for query in self.queries()}
        return all(states.get(query_id) == "RUNNING" for query_id in ids)

    def remove_sources(self, topics: Collection[str]) -> None:
        """Terminate the queries that write to `topics` and drop the sources on them."""
        for query in self.queries():
            if not set(topics).isdisjoint(query.get("sinkKafkaTopics", [])):
                self.execute(f"TERMINATE {query['id']};")
        left = [source for source in self.sources() if source.topic in topics]
        while left:
            left = self._drop_some(left)

    def _drop_some(self, sources: list[Source]) -> list[Source]:
        """Drop what can be dropped and return the rest; a source that others read has to wait for them."""
        refused: list[Source] = []
        reason: StatementError | None = None
        for source in reversed(sources):
            try:
                self.execute(f"DROP {source.kind} `{source.name}`;")
            except StatementError as error:
                refused.insert(0, source)
                reason = error
        if reason is not None and len(refused) == len(sources):
            raise reason
        return refused


def _message(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return response.text
    return f"{body.get('error_code')}: {body.get('message')}" if isinstance(body, dict) else str(body)
