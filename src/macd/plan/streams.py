"""Plans ksqlDB streams: create what is missing; replace a changed one only when told to.

ksqlDB refuses CREATE OR REPLACE for stream-stream joins, so a changed stream has to be dropped and made anew,
and with it everything that reads it. That loses the join's state, hence it is Blocked unless asked for.

A new query reads its sources from their beginning and writes everything again, so whatever a dropped query
wrote is removed from its topic: otherwise every reader behind it would count it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from macd.clients.ksqldb import FROM_THE_START, KsqlDb, Source
from macd.plan.changes import Blocked, Change, Create, Delete, NoOp, Plan
from macd.specs.models import PipelineSpec, StatementSpec
from macd.specs.statements import same_statement

# Removes all records from a topic.
Empty = Callable[[str], None]
_LOST = "what its query holds and has written is made again from its topics, as far as retention goes"


def plan_streams(pipeline: PipelineSpec, ksqldb: KsqlDb, empty: Empty, *, replace: bool = False) -> Plan:
    """What has to happen so that every stream runs as include/ksql says.

    `replace` allows dropping and recreating the streams that differ, in dependency order.
    """
    actual = {spec.source: ksqldb.source(spec.source) for spec in pipeline.statements}
    differing = {
        spec.source: why for spec in pipeline.statements if (why := _difference(spec, actual[spec.source]))
    }
    affected = _with_readers(differing, actual, pipeline.statements)
    strangers = _strangers(affected, actual, pipeline.statements)
    if differing and (strangers or not replace):
        return Plan.of(
            _or_blocked(spec, actual, differing, strangers, ksqldb) for spec in pipeline.statements
        )
    dropped = (actual[name] for name in reversed(affected))
    drops = [_drop(source, ksqldb, empty) for source in dropped if source is not None]
    return Plan.of(
        [*drops, *(_create_or_keep(spec, actual, affected, ksqldb) for spec in pipeline.statements)]
    )


def plan_stream_removal(pipeline: PipelineSpec, ksqldb: KsqlDb, empty: Empty) -> Plan:
    """Drops the pipeline's streams with their queries, readers before what they read; empties topics."""
    found = (ksqldb.source(spec.source) for spec in reversed(pipeline.statements))
    return Plan.of(_drop(source, ksqldb, empty) for source in found if source is not None)


def _difference(spec: StatementSpec, actual: Source | None) -> str | None:
    """Why the stream has to be made anew; None when it is missing or as it should be."""
    if actual is None:
        return None
    if not same_statement(spec.sql, actual.statement):
        return f"its statement differs from include/ksql/{spec.file}"
    if spec.has_query and not actual.writers:
        return "the query that fills it was terminated"
    dead = [query for query in actual.writers if query.state != "RUNNING"]
    return f"its query {dead[0].query_id} is {dead[0].state}" if dead else None


def _with_readers(
    names: Iterable[str], actual: Mapping[str, Source | None], statements: Iterable[StatementSpec]
) -> list[str]:
    """`names` and what reads them, directly, through a stream over their topic, or through others."""
    affected = set(names)
    for spec in statements:
        if set(_read_by(spec, statements)) & affected or _reads(actual, affected, actual[spec.source]):
            affected.add(spec.source)
    return [spec.source for spec in statements if spec.source in affected and actual[spec.source]]


def _read_by(spec: StatementSpec, statements: Iterable[StatementSpec]) -> Iterator[str]:
    """The names of what a statement reads: sources, or the one whose query fills the topic it describes."""
    yield from spec.reads
    if not spec.has_query:
        yield from (each.source for each in statements if each.has_query and each.topic == spec.topic)


def _reads(actual: Mapping[str, Source | None], names: Iterable[str], reader: Source | None) -> bool:
    """Whether a query that runs reads one of the named sources, whatever the files say by now."""
    readers = {query for name in names if (source := actual[name]) for query in source.readers}
    return reader is not None and bool(readers.intersection(reader.writers))


def _strangers(
    affected: Iterable[str], actual: Mapping[str, Source | None], statements: Iterable[StatementSpec]
) -> list[str]:
    """Queries that read an affected stream but belong to nobody in include/ksql."""
    ours = {q.query_id for spec in statements if (source := actual[spec.source]) for q in source.writers}
    readers = {q.query_id for name in affected if (source := actual[name]) for q in source.readers}
    return sorted(readers - ours)


def _or_blocked(
    spec: StatementSpec,
    actual: Mapping[str, Source | None],
    differing: Mapping[str, str],
    strangers: list[str],
    ksqldb: KsqlDb,
) -> Change:
    if spec.source not in differing:
        return _create_or_keep(spec, actual, (), ksqldb)
    if strangers:
        remedy = f"Terminate {', '.join(strangers)} first: they read it and are not in include/ksql."
    else:
        remedy = "`macd apply --replace-streams` drops it with what reads it and makes both anew."
    return Blocked(f"{spec.kind} {spec.source}", reason=f"{differing[spec.source]}; {_LOST}.", remedy=remedy)


def _create_or_keep(
    spec: StatementSpec, actual: Mapping[str, Source | None], affected: Iterable[str], ksqldb: KsqlDb
) -> Change:
    resource = f"{spec.kind} {spec.source}"
    source = actual[spec.source]
    if source is None or spec.source in affected:
        create = partial(ksqldb.execute, spec.sql, {**FROM_THE_START, **spec.properties})
        return Create(resource, (f"include/ksql/{spec.file}",), create)
    return NoOp(resource, tuple(f"{query.query_id} {query.state}" for query in source.writers))


def _drop(source: Source, ksqldb: KsqlDb, empty: Empty) -> Change:
    queries = tuple(f"ends {query.query_id}" for query in source.writers)
    fate = "empties its topic" if source.writers else "keeps its topic"
    resource = f"{source.kind.lower()} {source.name}"
    return Delete(resource, (*queries, fate), partial(_end, source, ksqldb, empty))


def _end(source: Source, ksqldb: KsqlDb, empty: Empty) -> None:
    for query in source.writers:
        ksqldb.terminate(query.query_id)
    ksqldb.drop(source)
    if source.writers:
        empty(source.topic)
