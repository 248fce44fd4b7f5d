"""Parsed statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ksqlflink.dialect.ast import Literal, Node, Query
from ksqlflink.sqltypes import SqlType


@dataclass(frozen=True)
class Statement(Node):
    """A statement; `text` is what the client sent for it, comments around it left out."""

    text: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True)
class Element(Node):
    """A column definition; `key` is None, KEY or PRIMARY KEY."""

    name: str
    type: SqlType
    key: str | None = None


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
    """A SELECT or a PRINT: belongs on the query endpoints."""


@dataclass(frozen=True)
class Unsupported(Statement):
    """A statement that ksqlDB knows and this server refuses; `construct` names it."""

    construct: str
