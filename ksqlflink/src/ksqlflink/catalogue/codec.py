"""Dataclasses of the catalogue <-> JSON text."""

from __future__ import annotations

import json
import re
from typing import Any

from ksqlflink.catalogue.model import Column, DataSource, FlinkJob, Query
from ksqlflink.dialect.types import PRIMITIVES, Array, Decimal, Map, SqlType, Struct

# Where a job names Flink's functions and partitioners, by a package they were in once. No view: its plan
# may have the same words in a literal of the user's.
_MOVED = re.compile(
    r"^(CREATE TEMPORARY (?:FUNCTION \w+ AS|TABLE .*'sink\.partitioner' =) ')ksqlflink\.runtime\."
)


def type_to_json(kind: SqlType) -> Any:
    """Return a JSON value for a type."""
    match kind:
        case Decimal(precision, scale):
            return {"decimal": [precision, scale]}
        case Array(item):
            return {"array": type_to_json(item)}
        case Map(key, value):
            return {"map": [type_to_json(key), type_to_json(value)]}
        case Struct(fields):
            return {"struct": [[name, type_to_json(item)] for name, item in fields]}
        case _:
            return kind.name


def type_from_json(value: Any) -> SqlType:
    """Return the type of a JSON value made by type_to_json."""
    if isinstance(value, str):
        return PRIMITIVES[value]
    ((shape, content),) = value.items()
    if shape == "decimal":
        return Decimal(*content)
    if shape == "array":
        return Array(type_from_json(content))
    if shape == "map":
        return Map(type_from_json(content[0]), type_from_json(content[1]))
    return Struct(tuple((name, type_from_json(item)) for name, item in content))


def dump_source(source: DataSource) -> str:
    """Return the JSON text of a source."""
    columns = [[column.name, type_to_json(column.type), column.key] for column in source.columns]
    return json.dumps({**source.__dict__, "columns": columns})


def load_source(text: str) -> DataSource:
    """Return the source of a JSON text."""
    members = json.loads(text)
    columns = tuple(Column(name, type_from_json(kind), key) for name, kind, key in members.pop("columns"))
    reads = tuple(members.pop("reads"))
    return DataSource(columns=columns, reads=reads, **members)


def dump_query(query: Query) -> str:
    """Return the JSON text of a query."""
    return json.dumps({**query.__dict__, "job": query.job.__dict__})


def load_query(text: str) -> Query:
    """Return the query of a JSON text, also of one that an earlier version wrote."""
    members = json.loads(text)
    job = members.pop("job")
    tables = tuple(_MOVED.sub(r"\1ksqlflink.flink.", table) for table in job.pop("tables"))
    sources = tuple(members.pop("sources"))
    return Query(job=FlinkJob(tables=tables, **job), sources=sources, **members)
