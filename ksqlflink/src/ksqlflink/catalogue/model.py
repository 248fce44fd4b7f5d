"""What the catalogue holds: sources and persistent queries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from ksqlflink.dialect.types import SqlType

SERVICE_ID = "default_"
PAUSED = "PAUSED"  # the state of a query that rests


def new_job_id() -> str:
    """Return an id for a job yet to be submitted."""
    return uuid.uuid4().hex


def consumer_group(query_id: str) -> str:
    """The consumer group of a query, named as ksqlDB names it; its offsets tell how far the query is."""
    return f"_confluent-ksql-{SERVICE_ID}query_{query_id}"


@dataclass(frozen=True)
class Column:
    """A column of a source; `key` tells whether it lies in the record key."""

    name: str
    type: SqlType
    key: bool = False


@dataclass(frozen=True)
class DataSource:
    """A stream or table: a name, a topic, formats and columns.

    `statement` is the text DESCRIBE shows; `reads` are the sources its own query reads, which therefore
    cannot be dropped before it. A windowed key has a window_type (TUMBLING, HOPPING, SESSION), and a size
    in milliseconds unless it is a session. wrap_value tells whether a single value column is a field of a
    record; value_schema_name is the full name of that record, if it is not ksqlDB's own.
    """

    name: str
    kind: str
    topic: str
    key_format: str
    value_format: str
    columns: tuple[Column, ...]
    statement: str
    timestamp_column: str | None = None
    reads: tuple[str, ...] = ()
    timestamp_format: str | None = None
    window_type: str | None = None
    window_size_ms: int | None = None
    wrap_value: bool = True
    value_delimiter: str = ","
    value_schema_name: str | None = None

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The key columns, in the order they lie in the key."""
        return tuple(column for column in self.columns if column.key)

    @property
    def value_columns(self) -> tuple[Column, ...]:
        """The columns of the value."""
        return tuple(column for column in self.columns if not column.key)

    @property
    def key(self) -> Column | None:
        """The first key column, if the source has one."""
        return next((column for column in self.columns if column.key), None)

    def column(self, name: str) -> Column | None:
        """Return the column of that exact name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class FlinkJob:
    """What is submitted to Flink for a query: session settings, table definitions and one INSERT.

    The ids of the sink's Kafka transactions begin with transactional_id_prefix.
    """

    settings: dict[str, str]
    tables: tuple[str, ...]
    insert: str
    transactional_id_prefix: str


@dataclass(frozen=True)
class Query:
    """A persistent query and its Flink job.

    job_id is decided before the first submission, so that a job is never submitted twice unnoticed.
    checkpoint is the newest completed checkpoint seen (a URI), None before the first one.
    """

    id: str
    sink: str
    sink_topic: str
    sources: tuple[str, ...]
    statement: str
    job: FlinkJob
    job_id: str
    checkpoint: str | None = None
