"""Plans ksqlDB streams: create what is missing; replace a changed one only when told to.

ksqlDB refuses CREATE OR REPLACE for stream-stream joins, so a changed stream has to be dropped and made anew,
and with it everything that reads it. That loses the join's state, hence it is Blocked unless asked for.

A new query reads its sources from their beginning and writes everything again, so whatever a dropped query
wrote is removed from its topic: otherwise every reader behind it would count it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from macd.clients.ksqldb import FROM_THE_START, KsqlDb, Source
from macd.plan.changes import LEFT, Blocked, Change, Create, Delete, NoOp, Orphan, Plan, release
from macd.plan.ledger import Part, adopted_of, made_of, names
from macd.specs.models import PipelineSpec, StatementSpec
from macd.specs.statements import same_statement

# Removes all records from a topic.
Empty = Callable[[str], None]
_LOST = "what its query holds and has written is made again from its topics, as far as retention goes"


def plan_streams(
    pipeline: PipelineSpec,
    ksqldb: KsqlDb,
    empty: Empty,
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
    differing = {spec.source: why for spec in statements if (why := _difference(spec, actual[spec.source]))}
    affected = _with_readers(differing, actual, statements)
    left = [source for source in orphans if source.name in names(adopted, "stream")]
    ours = [source for source in orphans if source not in left]
    pruned = ours if prune else []
    strangers = _strangers(affected, actual, statements, pruned)
    stays = bool(differing) and (bool(strangers) or not replace)
    dropped = [] if stays else [source for name in reversed(affected) if (source := actual[name])]
    kept = _topics_kept(statements, actual, dropped).union(names(adopted, "topic"))
    remover = _Remover(ksqldb, empty, (*dropped, *pruned), kept)
    removals = [remover.change(source, source in pruned) for source in remover.readers_first()]
    found = [_orphan(source) for source in ours if not prune]
    found += [release(_resource(source), prune=prune) for source in left]
    changes = (
        _or_blocked(spec, actual, differing, strangers, ksqldb)
        if stays
        else _create_or_keep(spec, actual, affected, ksqldb)
        for spec in statements
    )
    written = {source.topic: source.name for source in orphans if source.writers and source not in pruned}
    return Plan.of(
        [*found, *removals, *(_apart(*pair, written) for pair in zip(statements, changes, strict=True))]
    )


def plan_stream_removal(
    pipeline: PipelineSpec, ksqldb: KsqlDb, empty: Empty, orphans: Collection[Part] = ()
) -> Plan:
    """Drops the pipeline's streams and its orphans with their queries, readers first; empties topics."""
    wanted = (*names(made_of(orphans), "stream"), *(spec.source for spec in reversed(pipeline.statements)))
    found = (ksqldb.source(name) for name in wanted)
    kept = names(adopted_of(orphans), "topic")
    remover = _Remover(ksqldb, empty, [source for source in found if source is not None], kept)
    return Plan.of(remover.change(source) for source in remover.readers_first())


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
    affected: Iterable[str],
    actual: Mapping[str, Source | None],
    statements: Iterable[StatementSpec],
    pruned: Iterable[Source],
) -> list[str]:
    """Queries that read an affected stream, belong to nobody in include/ksql and are not pruned."""
    ours = [*pruned, *(source for spec in statements if (source := actual[spec.source]))]
    readers = {q.query_id for name in affected if (source := actual[name]) for q in source.readers}
    return sorted(readers - _writers(ours))


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
        remedy = f"Terminate {', '.join(strangers)} first: they read it and are not in include/ksql"
        remedy += " (`--prune` does so with what apply made)."
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
    return NoOp(resource, _queries(source))


def _writers(sources: Iterable[Source]) -> set[str]:
    return {query.query_id for source in sources for query in source.writers}


def _topics_kept(
    statements: Iterable[StatementSpec], actual: Mapping[str, Source | None], dropped: Collection[Source]
) -> set[str]:
    """The topics that a query of include/ksql goes on writing to."""
    running = (source for spec in statements if spec.has_query and (source := actual[spec.source]))
    return {source.topic for source in running if source not in dropped}


def _orphan(source: Source) -> Change:
    return Orphan(_resource(source), (LEFT, *_queries(source)))


def _resource(source: Source) -> str:
    return f"{source.kind.lower()} {source.name}"


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


class _Remover:
    """Drops sources; `kept` are topics whose records stay although a dropped query wrote some of them."""

    def __init__(
        self, ksqldb: KsqlDb, empty: Empty, sources: Sequence[Source], kept: Collection[str] = ()
    ) -> None:
        self._ksqldb, self._empty, self._sources, self._kept = ksqldb, empty, sources, kept

    def readers_first(self) -> Iterator[Source]:
        """All of them, each after what reads it; in the given order where nothing reads the other."""
        left = list(self._sources)
        while left:
            others = {source.name: _writers(each for each in left if each is not source) for source in left}
            free = (each for each in left if not others[each.name].intersection(_readers(each)))
            source = next(free, left[0])
            left.remove(source)
            yield source

    def change(self, source: Source, is_orphan: bool = False) -> Change:
        """Drops one; an orphan only if nobody reads it who stays."""
        resource = _resource(source)
        readers = sorted(_readers(source) - _writers(self._sources))
        if is_orphan and readers:
            return Blocked(
                resource,
                reason=f"it is not declared any more, but {', '.join(readers)} still reads it.",
                remedy="Add `--replace-streams` if that is a query of include/ksql that no longer should; "
                "terminate it if it is somebody else's.",
            )
        queries = tuple(f"ends {query.query_id}" for query in source.writers)
        empties = bool(source.writers) and source.topic not in self._kept
        fate = "empties its topic" if empties else "keeps its topic"
        return Delete(resource, (*queries, fate), partial(self._end, source, empties))

    def _end(self, source: Source, empties: bool) -> None:
        for query in source.writers:
            self._ksqldb.terminate(query.query_id)
        self._ksqldb.drop(source)
        if empties:
            self._empty(source.topic)


def _readers(source: Source) -> set[str]:
    return {query.query_id for query in source.readers}
