"""Parsed statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ksqlflink.dialect.ast import Duration, Expression, Literal, Node, Query
from ksqlflink.dialect.types import SqlType


@dataclass(frozen=True)
class Statement(Node):
    """A statement; `text` is what the client sent for it, comments around it left out."""

    text: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True)
class Element(Node):
    """A column definition; `key` is None, KEY or PRIMARY KEY; `header` is HEADERS or HEADER('name')."""

    name: str
    type: SqlType
    key: str | None = None
    header: str | None = None


Properties: TypeAlias = tuple[tuple[str, Literal], ...]


@dataclass(frozen=True)
class CreateSource(Statement):
    """CREATE STREAM|TABLE name (elements) WITH (properties)."""

    kind: str
    name: str
    elements: tuple[Element, ...]
    properties: Properties
    or_replace: bool = False
    if_not_exists: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class CreateAsSelect(Statement):
    """CREATE STREAM|TABLE name WITH (properties) AS query."""

    kind: str
    name: str
    properties: Properties
    query: Query
    or_replace: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True)
class Drop(Statement):
    """DROP STREAM|TABLE [IF EXISTS] name [DELETE TOPIC]."""

    kind: str
    name: str
    if_exists: bool = False
    delete_topic: bool = False


@dataclass(frozen=True)
class Terminate(Statement):
    """TERMINATE query; `query_id` is None for ALL."""

    query_id: str | None


@dataclass(frozen=True)
class Show(Statement):
    """SHOW|LIST what [EXTENDED]; what is STREAMS, TABLES, QUERIES, TOPICS, ALL TOPICS, PROPERTIES, ..."""

    what: str
    extended: bool = False


@dataclass(frozen=True)
class Describe(Statement):
    """DESCRIBE name [EXTENDED]."""

    name: str
    extended: bool = False


@dataclass(frozen=True)
class DescribeAll(Statement):
    """DESCRIBE STREAMS|TABLES [EXTENDED]."""

    kind: str
    extended: bool = False


@dataclass(frozen=True)
class SetProperty(Statement):
    """SET 'name'='value', or UNSET 'name' (value None)."""

    name: str
    value: str | None


@dataclass(frozen=True)
class SelectStatement(Statement):
    """A SELECT: belongs on the query endpoints."""

    query: Query


@dataclass(frozen=True)
class Print(Statement):
    """PRINT topic: belongs on the query endpoints; every `interval`th record, `limit` at most."""

    topic: str
    from_beginning: bool = False
    interval: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class InsertValues(Statement):
    """INSERT INTO target (columns) VALUES (values); no columns means all of them."""

    target: str
    columns: tuple[str, ...]
    values: tuple[Expression, ...]


@dataclass(frozen=True)
class InsertSelect(Statement):
    """INSERT INTO target query."""

    target: str
    properties: Properties
    query: Query


@dataclass(frozen=True)
class Pause(Statement):
    """PAUSE query; `query_id` is None for ALL."""

    query_id: str | None


@dataclass(frozen=True)
class Resume(Statement):
    """RESUME query; `query_id` is None for ALL."""

    query_id: str | None


@dataclass(frozen=True)
class Explain(Statement):
    """EXPLAIN of a running query (`query_id`) or of a statement."""

    query_id: str | None
    statement: Statement | None


@dataclass(frozen=True)
class DescribeFunction(Statement):
    """DESCRIBE FUNCTION name, in the case it was written in."""

    name: str


@dataclass(frozen=True)
class DescribeConnector(Statement):
    """DESCRIBE CONNECTOR name."""

    name: str


@dataclass(frozen=True)
class Define(Statement):
    """DEFINE name='value'."""

    name: str
    value: str


@dataclass(frozen=True)
class Undefine(Statement):
    """UNDEFINE name."""

    name: str


@dataclass(frozen=True)
class AssertTopic(Statement):
    """ASSERT [NOT EXISTS] TOPIC name WITH (properties) TIMEOUT duration."""

    topic: str
    properties: Properties
    timeout: Duration | None
    exists: bool


@dataclass(frozen=True)
class AssertSchema(Statement):
    """ASSERT [NOT EXISTS] SCHEMA SUBJECT subject ID id TIMEOUT duration."""

    subject: str | None
    schema_id: int | None
    timeout: Duration | None
    exists: bool


@dataclass(frozen=True)
class CreateConnector(Statement):
    """CREATE SOURCE|SINK CONNECTOR; a property is its name, its name as written, its value."""

    kind: str
    name: str
    properties: tuple[tuple[str, str, Literal], ...]
    if_not_exists: bool
    shown_name: str


@dataclass(frozen=True)
class DropConnector(Statement):
    """DROP CONNECTOR [IF EXISTS] name."""

    name: str
    if_exists: bool


@dataclass(frozen=True)
class CreateType(Statement):
    """CREATE TYPE [IF NOT EXISTS] name AS type."""

    name: str
    type: SqlType
    if_not_exists: bool


@dataclass(frozen=True)
class DropType(Statement):
    """DROP TYPE [IF EXISTS] name."""

    name: str
    if_exists: bool


@dataclass(frozen=True)
class Unsupported(Statement):
    """A statement that ksqlDB knows and this server refuses; `construct` names it."""

    construct: str
