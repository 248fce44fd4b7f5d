"""CREATE .. AS SELECT, INSERT INTO .. SELECT and queries of clients: planned, and turned into a Flink job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ksqlflink.analysis import SCHEMA_ERROR, Analysis, Context, analyze, qualify
from ksqlflink.analysis.inputs import timestamp_json
from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import DataSource, FlinkJob, consumer_group
from ksqlflink.dialect import ast, format_statement, parse
from ksqlflink.dialect.statements import CreateAsSelect, InsertSelect, SelectStatement
from ksqlflink.errors import BadStatement
from ksqlflink.flink.translate import Services, Sink, Start, Translator
from ksqlflink.serde.formats import key_schema, value_schema
from ksqlflink.services.registry import key_subject_of, subject_of
from ksqlflink.services.topics import Topic
from ksqlflink.statements.backlog import with_backlog
from ksqlflink.statements.definitions import sink_source
from ksqlflink.statements.properties import check, check_both_formats, limits, starts_at_earliest
from ksqlflink.statements.sinks import check_result, check_upgrade, insert_outputs
from ksqlflink.statements.topic_rules import sink_topic
from ksqlflink.statements.world import World


@dataclass(frozen=True)
class QueryPlan:
    """A query ready to be carried out; `source` is what it writes to."""

    source: DataSource
    analysis: Analysis
    topic: Topic
    topic_is_new: bool

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the sources it reads."""
        return self.analysis.reads

    @property
    def warnings(self) -> tuple[str, ...]:
        """What ksqlDB warns about."""
        return self.analysis.warnings


def _inputs(query: ast.Query, world: World, text: str) -> Mapping[str, DataSource]:
    inputs: dict[str, DataSource] = {}
    for used in query.sources:
        source = world.catalogue.source(used.name)
        if source is None:
            raise BadStatement(f"Exception while preparing statement: {used.name} does not exist.", text)
        if inputs.get(used.alias, source) != source:
            raise BadStatement(f"Exception while preparing statement: {used.alias} names two sources.", text)
        inputs[used.alias] = source
    return inputs


def _topics(inputs: Mapping[str, DataSource], world: World, text: str) -> Mapping[str, Topic]:
    topics = {}
    for alias, source in inputs.items():
        topic = world.topics.find(source.topic)
        if topic is None:
            raise BadStatement(f"The topic '{source.topic}' of {source.name} does not exist any more", text)
        topics[alias] = topic
    return topics


def _context(
    query: ast.Query, inputs: Mapping[str, DataSource], topics: Mapping[str, Topic], raw: str, **more: Any
) -> Context:
    partitions = {alias: topic.partitions for alias, topic in topics.items()}
    return Context(query, inputs, partitions, raw=raw, **more)


@dataclass(frozen=True)
class _Prepared:
    """CREATE .. AS SELECT with its names and topic spelled out, and what it reads by alias."""

    statement: CreateAsSelect
    inputs: Mapping[str, DataSource]
    topics: Mapping[str, Topic]
    topic: Topic
    topic_is_new: bool


def _prepared(statement: CreateAsSelect, world: World) -> _Prepared:
    check(statement)
    check_both_formats(statement)
    inputs = _inputs(statement.query, world, statement.text)
    query = qualify(statement.query, inputs, statement.text)
    statement = replace(statement, query=replace(query, emit=query.emit or "CHANGES"))
    topics = _topics(inputs, world, statement.text)
    statement, topic, is_new = sink_topic(statement, next(iter(topics.values())), world)
    return _Prepared(statement, inputs, topics, topic, is_new)


def ensure_sink_topic(statement: CreateAsSelect, world: World) -> None:
    """Check and create the topic of a sink that is there: ksqlDB looks at IF NOT EXISTS only then."""
    prepared = _prepared(statement, world)
    if prepared.topic_is_new:
        world.topics.create(prepared.topic)


def plan_query(statement: CreateAsSelect, world: World) -> QueryPlan:
    """Return what CREATE .. AS SELECT asks for, or raise a KsqlError. Changes nothing."""
    prepared = _prepared(statement, world)
    statement = prepared.statement
    shown = format_statement(statement)
    more = {"sink": statement.name, "text": shown, "prefix": SCHEMA_ERROR}
    analysis = analyze(_context(statement.query, prepared.inputs, prepared.topics, statement.text, **more))
    source = sink_source(statement, analysis, prepared.topic.name, shown)
    check_result(statement, analysis, world, shown)
    existing = world.catalogue.source(statement.name)
    if existing is not None:
        check_upgrade(statement, source, existing, (_analysis_of(existing, world), analysis))
    return QueryPlan(source, analysis, prepared.topic, prepared.topic_is_new)


def _analysis_of(source: DataSource, world: World) -> Analysis | None:
    """Return what the query behind a source means today, None if it has none."""
    (statement,) = parse(source.statement, world.catalogue.types())
    if not isinstance(statement, CreateAsSelect):
        return None
    return _analyzed(statement.query, world, source.statement, source.name)


def _analyzed(query: ast.Query, world: World, text: str, sink: str | None) -> Analysis:
    inputs = _inputs(query, world, text)
    query = qualify(query, inputs, text)
    return analyze(_context(query, inputs, _topics(inputs, world, text), text, sink=sink, text=text))


def plan_insert(statement: InsertSelect, world: World) -> QueryPlan:
    """Return what INSERT INTO .. SELECT asks for, or raise BadStatement. Changes nothing."""
    text = statement.text
    _inputs(statement.query, world, text)
    target = world.catalogue.source(statement.target)
    preparing = "Exception while preparing statement: "
    if target is None:
        # ksqlDB points at the end of the words INSERT INTO.
        place = ast.Position(statement.position.line, statement.position.column + len("INSERT INTO "))
        raise BadStatement(f"{preparing}{place}: Source `{statement.target}` does not exist.", text)
    if target.kind == "TABLE":
        only = "INSERT INTO can only be used to insert into a stream."
        raise BadStatement(f"{preparing}{only} {target.name} is a table.", text)
    analysis = insert_outputs(_analyzed(statement.query, world, text, target.name), target, text)
    topic = _topics({target.name: target}, world, text)[target.name]
    return QueryPlan(target, analysis, topic, False)


def analyze_transient(statement: SelectStatement, world: World) -> Analysis:
    """Return the analysis of a query whose rows go to a client."""
    return _analyzed(statement.query, world, statement.text, None)


def client_plan(analysis: Analysis, registry_url: str, properties: Mapping[str, Any]) -> Json:
    """Return the plan of a query whose rows go to a client: all columns, as the client is shown them."""
    shown = {"format": "ROW"}
    sink, most = {"key": shown, "value": shown}, limits(properties)
    return {"registry": registry_url, **analysis.plan(), "sink": sink, "limits": most}


def _register(plan: QueryPlan, world: World) -> tuple[int | None, int | None]:
    """Return the ids of the schemas of key and value; registering one again gives the same id."""

    def register(subject: str, schema: str | None) -> int | None:
        return None if schema is None else world.registry.register(subject, schema)

    topic = plan.topic.name
    value = register(subject_of(topic), value_schema(plan.source))
    return register(key_subject_of(topic), key_schema(plan.source)), value


def sink_json(plan: QueryPlan, key_id: int | None, value_id: int | None) -> Json:
    """Return the sink of a plan."""
    source = plan.source
    session = source.window_type == "SESSION"
    return {
        "timestamp": timestamp_json(source),
        "key": {
            "format": source.key_format,
            "schemaId": key_id,
            "schema": key_schema(source),
            "window": None if source.window_type is None else "SESSION" if session else "TIME",
        },
        "value": {
            "format": source.value_format,
            "schemaId": value_id,
            "schema": value_schema(source),
            "delimiter": source.value_delimiter,
            "wrap": source.wrap_value,
        },
    }


@dataclass(frozen=True)
class JobBuilder:
    """Builds the Flink job of a plan; the timeout is the longest the brokers allow."""

    services: Services
    settings: dict[str, str]
    transaction_timeout_ms: int

    def build(self, plan: QueryPlan, world: World, properties: Mapping[str, Any], query_id: str) -> FlinkJob:
        """Return the job; its start offsets are fixed now, so that a restart begins at the same place."""
        offsets = start_offsets(plan.analysis, world, properties)
        starts = {topic: Start(at) for topic, at in offsets.items()}
        # Unique even where a catalogue was deleted and query ids start over on the same brokers.
        prefix = f"ksqlflink-{query_id}-{uuid.uuid4().hex[:8]}"
        timeout = self.transaction_timeout_ms
        sink = Sink(plan.topic.name, prefix, timeout)
        json = with_backlog(self.plan_json(plan, world, properties), plan.analysis, offsets, world)
        translator = Translator(self.services, starts, consumer_group(query_id))
        return translator.job(plan.analysis, json, sink, plan.source.name, self.settings)

    def plan_json(self, plan: QueryPlan, world: World, properties: Mapping[str, Any]) -> Json:
        """Return the whole plan, as the Flink functions read it."""
        most = limits(properties)
        sink = sink_json(plan, *_register(plan, world))
        return {"registry": self.services.registry_url, **plan.analysis.plan(), "sink": sink, "limits": most}


def start_offsets(
    analysis: Analysis, world: World, properties: Mapping[str, Any]
) -> dict[str, Mapping[int, int] | None]:
    """Return where a query starts to read its topics: the offsets by partition, None for the beginning."""
    starts: dict[str, Mapping[int, int] | None] = {}
    joined = len(analysis.inputs) > 1
    for source in analysis.inputs.values():
        # A stream joins the whole table, whatever the query is told about its streams.
        table = source.kind == "TABLE"
        earliest = (table and joined) or starts_at_earliest(properties, table)
        starts[source.topic] = None if earliest else world.topics.end_offsets(source.topic)
    return starts
