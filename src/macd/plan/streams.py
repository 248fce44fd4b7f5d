"""Plans ksqlDB streams: create what is missing; replace a changed one only when told to.

ksqlDB refuses CREATE OR REPLACE for stream-stream joins, so a changed stream has to be dropped and made anew,
and with it everything that reads it. That loses the join's state, hence it is Blocked unless asked for.

A new query reads its sources from their beginning and writes everything again. So its topic has to be empty,
and what has read it is made anew too: otherwise everything behind it would be counted twice. First the query
is terminated, then its topic emptied, its stream dropped and made. Whoever is killed on the way leaves a
stream without a query, or a topic with records and without a stream, and the next plan sees either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial

from macd.clients.ksqldb import FROM_THE_START, KsqlDb, Source
from macd.errors import RequestRejected
from macd.plan.changes import LEFT, Blocked, Change, Create, Delete, NoOp, Orphan, Plan, release
from macd.plan.ledger import Part, adopted_of, made_of, names
from macd.plan.removing import Remover, Topics, emptied, resource_of, writers
from macd.specs.models import PipelineSpec, StatementSpec
from macd.specs.statements import has_query, same_statement

_LOST = "what its query holds and has written is made again from its topics, as far as retention goes"


def plan_streams(
    pipeline: PipelineSpec,
    ksqldb: KsqlDb,
    topics: Topics,
    *,
    replace: bool = False,
    orphans: Sequence[Source] = (),
    adopted: Collection[Part] = (),
    prune: bool = False,
) -> Plan:
    """What has to happen so that every stream runs as include/ksql says.

    `replace` allows dropping and recreating the streams that differ, in dependency order; `prune` allows
    dropping the `orphans`, which are not declared any more, but for those that are among the `adopted`.
    """
    statements = pipeline.statements
    actual = {spec.source: ksqldb.source(spec.source) for spec in statements}
    left = [source for source in orphans if source.name in names(adopted, "stream")]
    ours = [source for source in orphans if source not in left]
    pruned = ours if prune else []
    written = {source.topic: source.name for source in orphans if source.writers and source not in pruned}
    cleared = emptied(pruned, (*names(adopted, "topic"), *_topics_kept(statements, actual)))
    full = topics.holding(_topics_to_fill(statements, actual) - cleared - written.keys())
    differing = {
        spec.source: why for spec in statements if (why := _difference(spec, actual, statements, full))
    }
    affected = _with_readers(differing, actual, statements)
    strangers = _strangers(affected, actual, statements, pruned)
    stays = bool(differing) and (bool(strangers) or not replace)
    dropped = [] if stays else [source for name in reversed(affected) if (source := actual[name])]
    kept = _topics_kept(statements, actual, dropped).union(names(adopted, "topic"))
    remover = Remover(ksqldb, topics, (*dropped, *pruned), kept)
    removals = [remover.change(source, source in pruned) for source in remover.readers_first()]
    found = [_orphan(source) for source in ours if not prune]
    found += [release(resource_of(source), prune=prune) for source in left]
    emptying = [_emptying(topic, topics, ksqldb) for topic in sorted(full) if not stays]
    changes = (
        _blocked(spec, differing[spec.source], strangers)
        if stays and spec.source in differing
        else _create_or_keep(spec, actual[spec.source], dropped, ksqldb)
        for spec in statements
    )
    return Plan.of(
        [
            *found,
            *removals,
            *emptying,
            *(_apart(*pair, written) for pair in zip(statements, changes, strict=True)),
        ]
    )


def plan_stream_removal(
    pipeline: PipelineSpec, ksqldb: KsqlDb, topics: Topics, orphans: Collection[Part] = ()
) -> Plan:
    """Drops the pipeline's streams and its orphans with their queries, readers first; empties topics."""
    wanted = (*names(made_of(orphans), "stream"), *(spec.source for spec in reversed(pipeline.statements)))
    found = (ksqldb.source(name) for name in wanted)
    kept = names(adopted_of(orphans), "topic")
    remover = Remover(ksqldb, topics, [source for source in found if source is not None], kept)
    return Plan.of(remover.change(source) for source in remover.readers_first())


def _difference(
    spec: StatementSpec,
    actual: Mapping[str, Source | None],
    statements: Sequence[StatementSpec],
    full: Collection[str],
) -> str | None:
    """Why the stream has to be made anew with its readers; None when it is as it should be or can be made."""
    source = actual[spec.source]
    if source is None:
        return _hindrance(spec, actual, statements, full) if spec.has_query else None
    if not same_statement(spec.sql, source.statement):
        return f"its statement differs from include/ksql/{spec.file}"
    if spec.has_query and not source.writers:
        return "the query that fills it was terminated"
    dead = [query for query in source.writers if query.state != "RUNNING"]
    return f"its query {dead[0].query_id} is {dead[0].state}" if dead else None


def _hindrance(
    spec: StatementSpec,
    actual: Mapping[str, Source | None],
    statements: Sequence[StatementSpec],
    full: Collection[str],
) -> str | None:
    """Why a stream that is missing cannot just be made: its query writes again what was written before."""
    if spec.topic in full:
        return f"it is missing, but {spec.topic} holds records, and its query would write them again"
    readers = [name for name in _with_readers([spec.source], actual, statements) if _runs(actual[name])]
    if not readers:
        return None
    return f"it is missing, and its query would write again what {', '.join(readers)} may have read"


def _runs(source: Source | None) -> bool:
    return source is not None and bool(source.writers)


def _with_readers(
    names: Iterable[str], actual: Mapping[str, Source | None], statements: Iterable[StatementSpec]
) -> list[str]:
    """`names` and what reads them, directly, through a stream over their topic, or through others."""
    affected = set(names)
    while more := {spec.source for spec in statements if _is_behind(spec, affected, actual, statements)}:
        affected |= more
    return [spec.source for spec in statements if spec.source in affected and actual[spec.source]]


def _is_behind(
    spec: StatementSpec,
    affected: Set[str],
    actual: Mapping[str, Source | None],
    statements: Iterable[StatementSpec],
) -> bool:
    if spec.source in affected:
        return False
    read = affected & set(_read_by(spec, statements))
    return bool(read) or _reads(actual, affected, actual[spec.source])


def _read_by(spec: StatementSpec, statements: Iterable[StatementSpec]) -> Iterator[str]:
    """The names of what a statement reads: sources, and those whose queries fill its topic."""
    yield from spec.reads
    yield from (each.source for each in statements if each.has_query and each.topic == spec.topic)


def _reads(actual: Mapping[str, Source | None], names: Iterable[str], reader: Source | None) -> bool:
    """Whether a query that runs reads one of the named sources, whatever the files say by now."""
    readers = {query for name in names if (source := actual[name]) for query in source.readers}
    return reader is not None and bool(readers.intersection(reader.writers))


def _strangers(
    affected: Iterable[str],
    actual: Mapping[str, Source | None],
    statements: Iterable[StatementSpec],
    pruned: Iterable[Source],
) -> list[str]:
    """Queries that read an affected stream, belong to nobody in include/ksql and are not pruned."""
    ours = [*pruned, *(source for spec in statements if (source := actual[spec.source]))]
    readers = {q.query_id for name in affected if (source := actual[name]) for q in source.readers}
    return sorted(readers - writers(ours))


def _blocked(spec: StatementSpec, why: str, strangers: list[str]) -> Change:
    if strangers:
        remedy = f"Terminate {', '.join(strangers)} first: they read it and are not in include/ksql"
        remedy += " (`--prune` does so with what apply made)."
    else:
        remedy = "`macd apply --replace-streams` empties its topic and makes it anew, with what reads it."
    return Blocked(f"{spec.kind} {spec.source}", reason=f"{why}; {_LOST}.", remedy=remedy)


def _create_or_keep(
    spec: StatementSpec, source: Source | None, dropped: Collection[Source], ksqldb: KsqlDb
) -> Change:
    resource = f"{spec.kind} {spec.source}"
    if source is None or source in dropped:
        create = partial(ksqldb.execute, spec.sql, {**FROM_THE_START, **spec.properties})
        return Create(resource, (f"include/ksql/{spec.file}",), create)
    return NoOp(resource, _queries(source))


def _emptying(topic: str, topics: Topics, ksqldb: KsqlDb) -> Change:
    details = ("written before the stream that is missing",)
    return Delete(f"records of {topic}", details, partial(_empty_unfilled, topic, topics, ksqldb))


def _empty_unfilled(topic: str, topics: Topics, ksqldb: KsqlDb) -> None:
    """Somebody else may have made the stream since the plan: its records are not written a second time."""
    filling = [query.query_id for query in ksqldb.queries() if topic in query.sink_topics]
    if filling:
        # What the plan saw is over, so another try finds another plan.
        raise RequestRejected(
            KsqlDb.name,
            f"fills {topic} since the plan was made ({', '.join(filling)}); its records stay.",
            remedy="Plan again; terminate the query if it is nobody's in include/ksql.",
        )
    topics.empty(topic)


def _topics_kept(
    statements: Iterable[StatementSpec],
    actual: Mapping[str, Source | None],
    dropped: Collection[Source] = (),
) -> set[str]:
    """The topics that a query of include/ksql goes on writing to."""
    running = (source for spec in statements if spec.has_query and (source := actual[spec.source]))
    return {source.topic for source in running if source not in dropped}


def _topics_to_fill(statements: Iterable[StatementSpec], actual: Mapping[str, Source | None]) -> set[str]:
    """The topics that a query of include/ksql should fill, and no stream of its name says that it does."""
    return {
        spec.topic
        for spec in statements
        if spec.has_query and not ((source := actual[spec.source]) and _fills(source, spec.topic))
    }


def _fills(source: Source, topic: str) -> bool:
    return source.topic == topic and has_query(source.statement)


def _orphan(source: Source) -> Change:
    return Orphan(resource_of(source), (LEFT, *_queries(source)))


def _queries(source: Source) -> tuple[str, ...]:
    return tuple(f"{query.query_id} {query.state}" for query in source.writers)


def _apart(spec: StatementSpec, change: Change, written: Mapping[str, str]) -> Change:
    """Two queries on one topic, as after a stream was renamed, would write every record twice."""
    if not isinstance(change, Create) or not spec.has_query or spec.topic not in written:
        return change
    return Blocked(
        change.resource,
        reason=f"{written[spec.topic]}, which is not declared any more, writes to {spec.topic} as well.",
        remedy="`macd apply --prune` removes it first; drop it by hand if apply did not make it.",
    )
