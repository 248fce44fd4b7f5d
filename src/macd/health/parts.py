"""The parts of the pipeline, section by section: each asks one service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pymongo.collection import Collection

from macd.clients.connect import ConnectorStatus
from macd.clients.contents import Contents
from macd.clients.mongodb import Document, connected
from macd.clients.records import Position, begin_offsets, end_offsets
from macd.health.state import Kind, Part, State
from macd.pipeline import Pipeline
from macd.plan import (
    Change,
    Create,
    NoOp,
    Plan,
    plan_connectors,
    plan_schemas,
    plan_streams,
    plan_topics,
)
from macd.plan.changes import ADOPTED, LEFT
from macd.plan.ledger import COLLECTION
from macd.specs.models import StatementSpec

Section = Callable[[Pipeline], list[Part]]
# A part of a plan, and what it is called here.
_KINDS: Mapping[str, Kind] = {
    **{"topic": "topic", "subject": "schema"},
    **{"stream": "query", "connector": "connector"},
}


def topics(pipeline: Pipeline) -> list[Part]:
    """Every topic with the number of its records, transaction markers included: Kafka counts no others."""
    changes = _by_resource(plan_topics(pipeline.spec, pipeline.kafka))
    there = [
        topic.name for topic in pipeline.spec.topics if not isinstance(changes[f"topic {topic.name}"], Create)
    ]
    service = pipeline.services.kafka
    counts = _sizes(begin_offsets(service, there), end_offsets(service, there))
    return [
        _planned("topic", topic.name, changes[f"topic {topic.name}"], counts.get(topic.name))
        for topic in pipeline.spec.topics
    ]


def schemas(pipeline: Pipeline) -> list[Part]:
    """Every subject, held against include/schemas."""
    changes = _by_resource(plan_schemas(pipeline.spec, pipeline.registry))

    def change_of(subject: str) -> Change:
        version, level = changes[f"subject {subject}"], changes[f"compatibility of {subject}"]
        return level if isinstance(version, NoOp) else version

    return [_planned("schema", name, change_of(name)) for name in _subjects(pipeline)]


def queries(pipeline: Pipeline) -> list[Part]:
    """Every stream that a persistent query fills; a plain stream only describes a topic."""
    changes = _by_resource(plan_streams(pipeline.spec, pipeline.ksqldb, Contents(pipeline.kafka)))
    return [_query(pipeline, spec, changes) for spec in pipeline.spec.queries]


def connectors(pipeline: Pipeline) -> list[Part]:
    """Every connector by the state of its tasks: it says RUNNING even while all of them have failed."""
    changes = _by_resource(plan_connectors(pipeline.spec, pipeline.connect, pipeline.environment))
    return [
        _connector(spec.name, changes[f"connector {spec.name}"], pipeline.connect.status(spec.name))
        for spec in pipeline.spec.connectors
    ]


def collections(pipeline: Pipeline) -> list[Part]:
    """Every sink's collection with the number of its documents."""
    with connected(pipeline.services.mongodb) as database:
        return [
            _collection(sink.collection, database.client[sink.database][sink.collection])
            for sink in pipeline.spec.connectors
        ]


def orphans(pipeline: Pipeline) -> list[Part]:
    """What apply made or adopted, no file declares any more, and is still there."""
    details = {"made": LEFT, "adopted": ADOPTED}
    return [
        Part(kind=_KINDS[part.kind], name=part.name, state=State.DRIFTED, detail=details[part.origin])
        for part in pipeline.orphans().parts
    ]


def unknown(pipeline: Pipeline, kind: Kind, reason: str) -> list[Part]:
    """The same parts when their service could not be asked."""
    names: dict[Kind, Iterable[str]] = {
        "topic": (topic.name for topic in pipeline.spec.topics),
        "schema": _subjects(pipeline),
        "query": (spec.source for spec in pipeline.spec.queries),
        "connector": (connector.name for connector in pipeline.spec.connectors),
        "collection": (connector.collection for connector in pipeline.spec.connectors),
    }
    return [Part(kind=kind, name=name, state=State.UNKNOWN, detail=reason) for name in names[kind]]


def unknown_orphans(reason: str) -> list[Part]:
    """In place of the orphans, when a service that had to be asked for them could not be."""
    detail = f"what is not declared any more is unknown: {reason}"
    return [Part(kind="collection", name=COLLECTION, state=State.UNKNOWN, detail=detail)]


def _collection(name: str, collection: Collection[Document]) -> Part:
    count = collection.estimated_document_count()
    return Part(kind="collection", name=name, state=State.OK, messages=count)


def _subjects(pipeline: Pipeline) -> list[str]:
    return [schema.subject for schema in pipeline.spec.schemas]


def _query(pipeline: Pipeline, spec: StatementSpec, changes: Mapping[str, Change]) -> Part:
    source = pipeline.ksqldb.source(spec.source)
    if source is None:
        return Part(kind="query", name=spec.source, state=State.MISSING, detail="not there")
    detail = ", ".join(f"{query.query_id} {query.state}" for query in source.writers)
    if not source.writers or any(query.state != "RUNNING" for query in source.writers):
        detail = detail or "its query was terminated"
        return Part(kind="query", name=spec.source, state=State.FAILED, detail=detail)
    # A stream that it reads may differ from its file as well.
    lineage = (changes[f"{each.kind} {each.source}"] for each in pipeline.spec.lineage(spec))
    differing = [change for change in lineage if not isinstance(change, NoOp)]
    if differing:
        return _planned("query", spec.source, differing[0])
    return Part(kind="query", name=spec.source, state=State.OK, detail=detail)


def _connector(name: str, change: Change, status: ConnectorStatus | None) -> Part:
    if status is None:
        return Part(kind="connector", name=name, state=State.MISSING, detail="not configured")
    if not status.healthy:
        return Part(kind="connector", name=name, state=State.FAILED, detail=status.detail)
    if not isinstance(change, NoOp):
        return _planned("connector", name, change)
    return Part(kind="connector", name=name, state=State.OK, detail=status.detail)


def _planned(kind: Kind, name: str, change: Change, messages: int | None = None) -> Part:
    """The state of a part by what a plan would do to it."""
    if isinstance(change, NoOp):
        return Part(kind=kind, name=name, state=State.OK, messages=messages)
    if isinstance(change, Create):
        return Part(kind=kind, name=name, state=State.MISSING, detail="not there")
    return Part(kind=kind, name=name, state=State.DRIFTED, detail=change.render()[2:], messages=messages)


def _by_resource(plan: Plan) -> dict[str, Change]:
    """A resource that is planned in two steps is as bad as its first."""
    found: dict[str, Change] = {}
    for change in plan.changes:
        if isinstance(found.get(change.resource, NoOp("")), NoOp):
            found[change.resource] = change
    return found


def _sizes(starts: Iterable[Position], ends: Iterable[Position]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    begin = {at[:2]: at.offset for at in starts}
    for at in ends:
        sizes[at.topic] = sizes.get(at.topic, 0) + at.offset - begin[at[:2]]
    return sizes
