"""What the catalogue holds: sources and persistent queries."""

from __future__ import annotations

from dataclasses import dataclass

from ksqlflink.sqltypes import SqlType

SERVICE_ID = "default_"


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
    """A stream: a name, a topic, formats and columns.

    `statement` is the text DESCRIBE shows; `reads` are the sources its own query reads, which therefore
    cannot be dropped before it.
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

    @property
    def key(self) -> Column | None:
        """The key column, if the source has one."""
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
