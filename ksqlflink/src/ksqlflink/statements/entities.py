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


def _entity(kind: str, text: str, members: Mapping[str, Any], warnings: Iterable[str] = ()) -> Entity:
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
    return _entity("currentStatus", text, members, warnings)


def warning(text: str, message: str) -> Entity:
    """Return the answer to a statement that had nothing to do."""
    return _entity("warning_entity", text, {"message": message})


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
    return _entity(name, text, {name: items})


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


def terminated_push(text: str, query_id: str) -> Entity:
    """Return the answer to TERMINATE of a push query."""
    return _entity("terminate_query", text, {"queryId": query_id, "wasTerminated": True})


def queries(
    text: str, listed: Iterable[Query], states: Mapping[str, str], pushes: Iterable[RunningPush]
) -> Entity:
    """Return the answer to SHOW QUERIES."""
    items = [running_query(query, states.get(query.id, "UNRESPONSIVE")) for query in listed]
    items += map(running_push, pushes)
    return _entity("queries", text, {"queries": items})


def topics(text: str, replicas: Mapping[str, list[int]]) -> Entity:
    """Return the answer to SHOW TOPICS."""
    items = [{"name": name, "replicaInfo": counts} for name, counts in replicas.items()]
    return _entity("kafka_topics", text, {"topics": items})


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
    return _entity("kafka_topics_extended", text, {"topics": items})


def types(text: str, listed: Mapping[str, t.SqlType]) -> Entity:
    """Return the answer to SHOW TYPES."""
    return _entity("type_list", text, {"types": {name: schema(kind) for name, kind in listed.items()}})


def variables(text: str, listed: Mapping[str, str]) -> Entity:
    """Return the answer to SHOW VARIABLES."""
    items = [{"name": name, "value": value} for name, value in listed.items()]
    return _entity("variables", text, {"variables": items})


def asserted_topic(text: str, topic: str, exists: bool) -> Entity:
    """Return the answer to an ASSERT TOPIC that holds."""
    return _entity("assert_topic", text, {"topicName": topic, "exists": exists})


def asserted_schema(text: str, subject: str | None, schema_id: int | None, exists: bool) -> Entity:
    """Return the answer to an ASSERT SCHEMA that holds."""
    return _entity("assert_schema", text, {"subject": subject, "id": schema_id, "exists": exists})


def connector_info(text: str, info: Mapping[str, Any]) -> Entity:
    """Return the answer to CREATE CONNECTOR."""
    shown = {name: info.get(name) for name in ("name", "config", "tasks", "type")}
    return _entity("connector_info", text, {"info": shown})


def dropped_connector(text: str, name: str) -> Entity:
    """Return the answer to DROP CONNECTOR."""
    return _entity("drop_connector", text, {"connectorName": name})


def connector_list(text: str, listed: Iterable[Mapping[str, Any]]) -> Entity:
    """Return the answer to SHOW CONNECTORS."""
    return _entity("connector_list", text, {"connectors": list(listed)})


def connector_description(
    text: str, class_name: str | None, status: Mapping[str, Any], used: Iterable[str]
) -> Entity:
    """Return the answer to DESCRIBE CONNECTOR."""
    members = {"connectorClass": class_name, "status": status, "sources": [], "topics": list(used)}
    return _entity("connector_description", text, members)


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
    return _entity("properties", text, members)


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


def source_description(text: str, described: Entity) -> Entity:
    """Return the answer to DESCRIBE of one source."""
    return _entity("sourceDescription", text, {"sourceDescription": described})


def source_descriptions(text: str, described: Iterable[Entity]) -> Entity:
    """Return the answer to DESCRIBE STREAMS or DESCRIBE TABLES."""
    return _entity("source_descriptions", text, {"sourceDescriptions": list(described)})
