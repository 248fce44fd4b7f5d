"""Response entities of /ksql, in ksqlDB's shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ksqlflink.catalogue.model import PAUSED, Column, DataSource, Query
from ksqlflink.dialect import types as t
from ksqlflink.dialect.formatter import sql_type
from ksqlflink.services.topics import Topic
from ksqlflink.statements.pushes import RunningPush
from ksqlflink.statements.server_properties import DEFAULTS, EDITABLE

Entity = dict[str, Any]


def entity(kind: str, text: str, members: Mapping[str, Any], warnings: Iterable[str] = ()) -> Entity:
    """Return the answer to a statement."""
    listed = [{"message": message} for message in warnings]
    return {"@type": kind, "statementText": text, **members, "warnings": listed}


def current_status(
    text: str,
    command_id: str,
    message: str,
    sequence: int,
    query_id: str | None = None,
    warnings: Iterable[str] = (),
) -> Entity:
    """Return the answer to a statement that changed something."""
    status = {"status": "SUCCESS", "message": message, "queryId": query_id}
    members = {"commandId": command_id, "commandStatus": status, "commandSequenceNumber": sequence}
    return entity("currentStatus", text, members, warnings)


def warning(text: str, message: str) -> Entity:
    """Return the answer to a statement that had nothing to do."""
    return entity("warning_entity", text, {"message": message})


def sources(text: str, kind: str, listed: Iterable[DataSource]) -> Entity:
    """Return the answer to SHOW STREAMS (kind STREAM) or SHOW TABLES (kind TABLE)."""
    items = [
        {
            "type": source.kind,
            "name": source.name,
            "topic": source.topic,
            "keyFormat": source.key_format,
            "valueFormat": source.value_format,
            "isWindowed": source.window_type is not None,
        }
        for source in listed
        if source.kind == kind
    ]
    name = f"{kind.lower()}s"
    return entity(name, text, {name: items})


def running_query(query: Query, state: str) -> Entity:
    """Return a query as SHOW QUERIES lists it; one that rests is PAUSED in the count and RUNNING as such."""
    return {
        "queryString": query.statement,
        "sinks": [query.sink],
        "sinkKafkaTopics": [query.sink_topic],
        "id": query.id,
        "statusCount": {state: 1},
        "queryType": "PERSISTENT",
        "state": "RUNNING" if state == PAUSED else state,
    }


def running_push(query: RunningPush) -> Entity:
    """Return a push query as SHOW QUERIES lists it."""
    return {
        "queryString": query.text,
        "sinks": [],
        "sinkKafkaTopics": [],
        "id": query.id,
        "statusCount": {"RUNNING": 1},
        "queryType": "PUSH",
        "state": "RUNNING",
    }


def queries(
    text: str, listed: Iterable[Query], states: Mapping[str, str], pushes: Iterable[RunningPush]
) -> Entity:
    """Return the answer to SHOW QUERIES."""
    items = [running_query(query, states.get(query.id, "UNRESPONSIVE")) for query in listed]
    items += map(running_push, pushes)
    return entity("queries", text, {"queries": items})


def topics_extended(text: str, replicas: Mapping[str, list[int]], readers: Mapping[str, int]) -> Entity:
    """Return the answer to SHOW TOPICS EXTENDED; `readers` counts the queries that read a topic."""
    items = [
        {
            "name": name,
            "replicaInfo": counts,
            "consumerCount": readers.get(name, 0),
            "consumerGroupCount": readers.get(name, 0),
        }
        for name, counts in replicas.items()
    ]
    return entity("kafka_topics_extended", text, {"topics": items})


def properties(text: str, server: Mapping[str, str], overwritten: Mapping[str, Any]) -> Entity:
    """Return the answer to SHOW PROPERTIES."""
    items = [
        {
            "name": name,
            "scope": "KSQL",
            "value": str(value),
            "editable": name in EDITABLE or name in overwritten,
            "level": "SERVER",
        }
        for name, value in {**server, **overwritten}.items()
    ]
    defaults = [name for name in DEFAULTS if name not in overwritten]
    members = {"properties": items, "overwrittenProperties": list(overwritten), "defaultProperties": defaults}
    return entity("properties", text, members)


def schema(kind: t.SqlType) -> Entity:
    """Return a type as DESCRIBE shows it."""
    shown: Entity = {"type": sql_type(kind).split("(")[0], "fields": None, "memberSchema": None}
    match kind:
        case t.Decimal(precision, scale):
            shown["parameters"] = {"precision": precision, "scale": scale}
        case t.Array(item):
            shown |= {"type": "ARRAY", "memberSchema": schema(item)}
        case t.Map(_, value):
            shown |= {"type": "MAP", "memberSchema": schema(value)}
        case t.Struct(members):
            fields = [{"name": name, "schema": schema(item)} for name, item in members]
            shown |= {"type": "STRUCT", "fields": fields}
    return shown


def columns(listed: Iterable[Column]) -> list[Entity]:
    """Return columns as DESCRIBE shows them."""
    fields = [({"name": column.name, "schema": schema(column.type)}, column.key) for column in listed]
    return [{**field, "type": "KEY"} if is_key else field for field, is_key in fields]


def description(
    source: DataSource,
    topic: Topic | None,
    readers: Iterable[Entity],
    writers: Iterable[Entity],
    constraints: Iterable[str],
    extended: bool,
    statistics: str = "",
    offsets: Iterable[Entity] = (),
) -> Entity:
    """Return a source as DESCRIBE shows it; partitions and replication are 0 when its topic is gone."""
    return {
        "name": source.name,
        "windowType": source.window_type,
        "readQueries": list(readers),
        "writeQueries": list(writers),
        "fields": columns(source.columns),
        "type": source.kind,
        "timestamp": source.timestamp_column or "",
        "statistics": statistics,
        "errorStats": "",
        "extended": extended,
        "keyFormat": source.key_format,
        "valueFormat": source.value_format,
        "topic": source.topic,
        "partitions": topic.partitions if topic else 0,
        "replication": topic.replicas if topic else 0,
        "statement": source.statement,
        "queryOffsetSummaries": list(offsets),
        "sourceConstraints": list(constraints),
        "clusterStatistics": [],
        "clusterErrorStats": [],
    }
