"""The durable catalogue: sources, queries and the command log, in SQLite.

Every statement is one transaction. Command sequence numbers follow ksqlDB's: 0, 2, 4, ...
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ksqlflink.catalogue import codec
from ksqlflink.catalogue.model import DataSource, Query
from ksqlflink.dialect.types import SqlType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (name TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS queries (id TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS commands (
    sequence INTEGER PRIMARY KEY,
    command_id TEXT NOT NULL,
    statement TEXT NOT NULL,
    message TEXT NOT NULL,
    query_id TEXT
);
CREATE TABLE IF NOT EXISTS stopping (job_id TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS paused (query_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS overridden (query_id TEXT PRIMARY KEY, properties TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS types (name TEXT PRIMARY KEY, definition TEXT NOT NULL);
"""
_STEP = 2  # ksqlDB's command topic is transactional: a commit marker lies between two commands


class Catalogue:
    """Sources and queries by name and id, and the log of executed commands."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def sandbox(self) -> Catalogue:
        """Return a copy in memory, to validate statements on."""
        copy = Catalogue(":memory:")
        with self._lock:
            self._connection.backup(copy._connection)
        return copy

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes inside one transaction, undone by an exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def sources(self) -> list[DataSource]:
        """Return all sources by name."""
        return [
            codec.load_source(text) for (text,) in self._rows("SELECT definition FROM sources ORDER BY name")
        ]

    def source(self, name: str) -> DataSource | None:
        """Return the source of that name."""
        rows = self._rows("SELECT definition FROM sources WHERE name = ?", name)
        return codec.load_source(rows[0][0]) if rows else None

    def put_source(self, source: DataSource) -> None:
        """Add or replace a source."""
        self._rows("INSERT OR REPLACE INTO sources VALUES (?, ?)", source.name, codec.dump_source(source))

    def remove_source(self, name: str) -> None:
        """Remove a source."""
        self._rows("DELETE FROM sources WHERE name = ?", name)

    def queries(self) -> list[Query]:
        """Return all persistent queries, oldest first."""
        return [
            codec.load_query(text) for (text,) in self._rows("SELECT definition FROM queries ORDER BY rowid")
        ]

    def query(self, query_id: str) -> Query | None:
        """Return the query of that id, whatever the case of the id."""
        rows = self._rows("SELECT definition FROM queries WHERE id = ? COLLATE NOCASE", query_id)
        return codec.load_query(rows[0][0]) if rows else None

    def put_query(self, query: Query) -> None:
        """Add or replace a query."""
        self._rows(
            "INSERT INTO queries VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET definition = excluded.definition",
            query.id,
            codec.dump_query(query),
        )

    def remove_query(self, query_id: str) -> None:
        """Remove a query."""
        for table, column in (("queries", "id"), ("paused", "query_id"), ("overridden", "query_id")):
            self._rows(f"DELETE FROM {table} WHERE {column} = ?", query_id)  # noqa: S608 - fixed names

    def paused(self) -> set[str]:
        """Return the ids of the paused queries."""
        return {query_id for (query_id,) in self._rows("SELECT query_id FROM paused")}

    def set_paused(self, query_id: str, is_paused: bool) -> None:
        """Note that a query shall rest, or run again."""
        if is_paused:
            self._rows("INSERT OR REPLACE INTO paused VALUES (?)", query_id)
        else:
            self._rows("DELETE FROM paused WHERE query_id = ?", query_id)

    def overridden(self, query_id: str) -> dict[str, Any]:
        """Return the streamsProperties a query was created with."""
        rows = self._rows("SELECT properties FROM overridden WHERE query_id = ?", query_id)
        return dict(json.loads(rows[0][0])) if rows else {}

    def put_overridden(self, query_id: str, properties: Mapping[str, Any]) -> None:
        """Remember the streamsProperties a query was created with."""
        text = json.dumps(dict(properties))
        self._rows("INSERT OR REPLACE INTO overridden VALUES (?, ?)", query_id, text)

    def types(self) -> dict[str, SqlType]:
        """Return the custom types by name."""
        rows = self._rows("SELECT name, definition FROM types ORDER BY name")
        return {name: codec.type_from_json(json.loads(text)) for name, text in rows}

    def put_type(self, name: str, kind: SqlType) -> None:
        """Add a custom type."""
        text = json.dumps(codec.type_to_json(kind))
        self._rows("INSERT OR REPLACE INTO types VALUES (?, ?)", name, text)

    def remove_type(self, name: str) -> None:
        """Remove a custom type."""
        self._rows("DELETE FROM types WHERE name = ?", name)

    def stopping(self) -> list[Query]:
        """Return the removed queries whose job has not been seen to end yet."""
        return [codec.load_query(text) for (text,) in self._rows("SELECT definition FROM stopping")]

    def add_stopping(self, query: Query) -> None:
        """Remember that the job of a removed query has to be stopped."""
        self._rows("INSERT OR REPLACE INTO stopping VALUES (?, ?)", query.job_id, codec.dump_query(query))

    def remove_stopping(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._rows("DELETE FROM stopping WHERE job_id = ?", job_id)

    def record_checkpoint(self, query_id: str, checkpoint: str) -> None:
        """Remember the newest completed checkpoint of a query that still exists."""
        with self._lock:
            query = self.query(query_id)
            if query is not None and query.checkpoint != checkpoint:
                self.put_query(replace(query, checkpoint=checkpoint))

    def record_job(self, query_id: str, job_id: str, checkpoint: str | None) -> None:
        """Remember that a new job takes a query over from a checkpoint."""
        with self._lock:
            query = self.query(query_id)
            if query is not None:
                self.put_query(replace(query, job_id=job_id, checkpoint=checkpoint))

    def next_sequence(self) -> int:
        """Return the command sequence number the next command will get."""
        ((newest,),) = self._rows("SELECT MAX(sequence) FROM commands")
        return 0 if newest is None else int(newest) + _STEP

    def newest_sequence(self) -> int:
        """Return the newest command sequence number, -1 before the first command."""
        return self.next_sequence() - _STEP if self.next_sequence() else -1

    def log(self, command_id: str, statement: str, message: str, query_id: str | None = None) -> int:
        """Append a command and return its sequence number."""
        sequence = self.next_sequence()
        self._rows(
            "INSERT INTO commands VALUES (?, ?, ?, ?, ?)", sequence, command_id, statement, message, query_id
        )
        return sequence

    def command(self, command_id: str) -> tuple[str, str | None] | None:
        """Return message and query id of the newest command of that id."""
        rows = self._rows(
            "SELECT message, query_id FROM commands WHERE command_id = ? ORDER BY sequence DESC LIMIT 1",
            command_id,
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def command_ids(self) -> list[str]:
        """Return the ids of all commands."""
        return [command_id for (command_id,) in self._rows("SELECT DISTINCT command_id FROM commands")]
