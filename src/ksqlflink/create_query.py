"""CREATE STREAM AS SELECT: the statement is completed, analysed, and turned into a sink and a Flink job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from ksqlflink import avro
from ksqlflink import sqltypes as t
from ksqlflink.analysis import Analysis, Analyzer
from ksqlflink.create_source import subject_of
from ksqlflink.dialect import format_statement
from ksqlflink.dialect.formatter import sql_type
from ksqlflink.dialect.statements import CreateAsSelect
from ksqlflink.entities import schema_text
from ksqlflink.errors import BadRequest, BadStatement
from ksqlflink.flink_types import Mismatch
from ksqlflink.kafka import Topic
from ksqlflink.model import DataSource, FlinkJob, consumer_group
from ksqlflink.properties import check, check_formats, get, not_supported, starts_at_earliest, with_
from ksqlflink.scope import qualify
from ksqlflink.translate import Services, Sink, Start, Translator
from ksqlflink.world import World


@dataclass(frozen=True)
class QueryPlan:
    """A query ready to be carried out."""

    source: DataSource
    analysis: Analysis
    topic: Topic
    topic_is_new: bool
    value_schema: str | None


def plan_query(statement: CreateAsSelect, world: World) -> QueryPlan:
    """Return what a statement asks for, or raise BadStatement or BadRequest. Changes nothing."""
    check(statement)
    if statement.kind == "TABLE":
        raise not_supported("CREATE TABLE AS SELECT", statement.position, statement.text)
    inputs = _inputs(statement, world)
    statement = replace(statement, query=qualify(statement.query, inputs, statement.text))
    topics = {alias: _topic_of(source, world, statement) for alias, source in inputs.items()}
    statement, topic, is_new = _with_topic(statement, next(iter(topics.values())), world)
    shown = format_statement(statement)
    _check_name(statement, world, shown)
    analysis = Analyzer(statement.name, inputs, statement.text, shown).analyze(statement.query)
    if analysis.join:
        _check_partitions(topics, shown)
    _refuse_formats(statement, inputs)
    source = _sink_source(statement, analysis, topic, shown)
    _refuse_replacement(statement, source, world, analysis, shown)
    _check_sink(source, statement)
    return QueryPlan(source, analysis, topic, is_new, _value_schema(source))


def _inputs(statement: CreateAsSelect, world: World) -> Mapping[str, DataSource]:
    inputs = {}
    for used in (statement.query.source, *(join.source for join in statement.query.joins)):
        source = world.catalogue.source(used.name)
        if source is None:
            raise BadStatement(
                f"Exception while preparing statement: {used.name} does not exist.", statement.text
            )
        inputs[used.alias] = source
    return inputs


def _topic_of(source: DataSource, world: World, statement: CreateAsSelect) -> Topic:
    topic = world.topics.find(source.topic)
    if topic is None:
        raise BadStatement(
            f"The topic '{source.topic}' of {source.name} does not exist any more", statement.text
        )
    return topic


def _with_topic(statement: CreateAsSelect, source: Topic, world: World) -> tuple[CreateAsSelect, Topic, bool]:
    """Return the statement with its topic spelled out (shaped as the source's by default), and the topic."""
    name = get(statement, "KAFKA_TOPIC") or statement.name
    wanted = Topic(
        name,
        int(get(statement, "PARTITIONS") or source.partitions),
        int(get(statement, "REPLICAS") or source.replicas),
        int(get(statement, "RETENTION_MS") or source.retention_ms),
    )
    existing = world.topics.find(name)
    if existing is not None and existing.partitions != wanted.partitions:
        raise BadRequest(
            f"A Kafka topic with the name '{name}' already exists, with different partition/replica "
            "configuration "
            f"than required. KSQL expects {wanted.partitions} partitions (topic has {existing.partitions}), "
            f"{wanted.replicas} replication factor (topic has {existing.replicas}), and "
            f"{wanted.retention_ms} "
            f"retention (topic has {existing.retention_ms})."
        )
    completed = with_(
        statement,
        CLEANUP_POLICY="delete",
        KAFKA_TOPIC=name,
        PARTITIONS=wanted.partitions,
        REPLICAS=wanted.replicas,
        RETENTION_MS=wanted.retention_ms,
    )
    return completed, wanted, existing is None


def _check_name(statement: CreateAsSelect, world: World, shown: str) -> None:
    existing = world.catalogue.source(statement.name)
    if existing is not None and not statement.or_replace:
        raise BadStatement(
            f"Could not determine output schema for query due to error: Cannot add {statement.kind.lower()} "
            f"'{statement.name}': A {existing.kind.lower()} with the same name already exists",
            shown,
        )


def _check_partitions(topics: Mapping[str, Topic], shown: str) -> None:
    (left, one), (right, other) = topics.items()
    if one.partitions != other.partitions:
        raise BadStatement(
            f"Could not determine output schema for query due to error: Can't join `{left}` with "
            f"`{right}` since the "
            f"number of partitions don't match. `{left}` partitions = {one.partitions}; `{right}` "
            "partitions = "
            f"{other.partitions}. Please repartition either one so that the number of partitions match.",
            shown,
        )


def _refuse_formats(statement: CreateAsSelect, inputs: Mapping[str, DataSource]) -> None:
    for source in inputs.values():
        if source.value_format != "AVRO":
            what = f"Reading {source.name}, whose VALUE_FORMAT is {source.value_format},"
            raise not_supported(what, statement.query.source.position, statement.text)


def _sink_source(statement: CreateAsSelect, analysis: Analysis, topic: Topic, shown: str) -> DataSource:
    first = next(iter(analysis.inputs.values()))
    both = get(statement, "FORMAT")
    key_format = both or get(statement, "KEY_FORMAT") or first.key_format
    value_format = both or get(statement, "VALUE_FORMAT") or first.value_format
    check_formats(key_format, value_format, statement, shown)
    return DataSource(
        statement.name,
        statement.kind,
        topic.name,
        key_format.upper(),
        value_format.upper(),
        analysis.columns,
        shown,
        reads=tuple(source.name for source in analysis.inputs.values()),
    )


def _refuse_replacement(
    statement: CreateAsSelect, source: DataSource, world: World, analysis: Analysis, shown: str
) -> None:
    existing = world.catalogue.source(statement.name)
    if existing is None:
        return
    changed = [
        column
        for index, column in enumerate(existing.columns)
        if source.columns[index : index + 1] != (column,)
    ]
    if changed:
        raise BadStatement(
            f"Cannot upgrade data source: DataSource '`{source.name}`' has schema = "
            f"{schema_text(existing.columns)} "
            f"which is not upgradeable to {schema_text(source.columns)}. (The following columns are "
            "changed, missing "
            f"or reordered: [{schema_text(changed)}])",
            shown,
        )
    if analysis.join:
        raise BadRequest("Upgrades not yet supported for StreamStreamJoin")
    raise not_supported("CREATE OR REPLACE of a running query", statement.position, shown)


def _check_sink(source: DataSource, statement: CreateAsSelect) -> None:
    values = [column for column in source.columns if not column.key]
    if not values:
        raise not_supported(
            "A SELECT that leaves no column for the value", statement.query.position, source.statement
        )
    for column in values:
        if _nests_map(column.type):
            what = f"Writing a MAP inside another type ({column.name})"
            raise not_supported(what, statement.query.position, source.statement)
        if source.value_format == "JSON" and not _plain_json(column.type):
            what = f"Writing {sql_type(column.type)} ({column.name}) as JSON"
            raise not_supported(what, statement.query.position, source.statement)


def _nests_map(kind: t.SqlType, inside: bool = False) -> bool:
    match kind:
        case t.Map(_, value):
            return inside or _nests_map(value, inside=True)
        case t.Array(item):
            return _nests_map(item, inside=True)
        case t.Struct(fields):
            return any(_nests_map(item, inside=True) for _, item in fields)
    return False


def _plain_json(kind: t.SqlType) -> bool:
    """Tell whether Flink's JSON of a type is ksqlDB's: not for times, bytes and maps."""
    match kind:
        case t.Array(item):
            return _plain_json(item)
        case t.Struct(fields):
            return all(_plain_json(item) for _, item in fields)
    return isinstance(kind, t.Decimal) or kind in (t.BOOLEAN, t.INTEGER, t.BIGINT, t.DOUBLE, t.STRING)


def _value_schema(source: DataSource) -> str | None:
    if source.value_format != "AVRO":
        return None
    return avro.value_schema([column for column in source.columns if not column.key])


def carry_out(plan: QueryPlan, world: World) -> None:
    """Create the sink's topic and register its schema."""
    if plan.topic_is_new:
        world.topics.create(plan.topic)
    if plan.value_schema is not None:
        world.registry.register(subject_of(plan.topic.name), plan.value_schema)


@dataclass(frozen=True)
class JobBuilder:
    """Builds the Flink job of a plan; the timeout is the longest the brokers allow."""

    services: Services
    settings: dict[str, str]
    transaction_timeout_ms: int

    def build(self, plan: QueryPlan, world: World, properties: Mapping[str, Any], query_id: str) -> FlinkJob:
        """Return the job; its start offsets are fixed now, so that a restart begins at the same place."""
        topics = {source.topic for source in plan.analysis.inputs.values()}
        earliest = starts_at_earliest(properties)
        starts = {topic: Start(None if earliest else world.topics.end_offsets(topic)) for topic in topics}
        # Unique even where a catalogue was deleted and query ids start over on the same brokers.
        prefix = f"ksqlflink-{query_id}-{uuid.uuid4().hex[:8]}"
        columns, timeout = plan.analysis.columns, self.transaction_timeout_ms
        sink = Sink(plan.topic.name, columns, plan.value_schema, prefix, timeout)
        schemas = {topic: self._schema(topic, world, plan) for topic in topics}
        try:
            return Translator(self.services, schemas, starts, consumer_group(query_id)).job(
                plan.analysis, sink, self.settings
            )
        except (Mismatch, avro.UnsupportedSchema) as error:
            _unreadable(plan, str(error))

    def _schema(self, topic: str, world: World, plan: QueryPlan) -> str:
        schema = world.registry.latest(subject_of(topic))
        if schema is None:
            _unreadable(plan, f"no schema is registered under '{subject_of(topic)}'")
        return schema


def _unreadable(plan: QueryPlan, why: str) -> NoReturn:
    raise BadStatement(
        f"The registered schema of a source cannot be read as the stream declares it: {why}",
        plan.source.statement,
    )
