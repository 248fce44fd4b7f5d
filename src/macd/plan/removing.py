"""Drops streams with their queries, each after what reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from macd.clients.ksqldb import KsqlDb, Source
from macd.plan.changes import Blocked, Change, Delete
from macd.specs.statements import has_query


class Topics(Protocol):
    """What topics hold."""

    def holding(self, topics: Collection[str]) -> set[str]:
        """Those of `topics` from which a reader would get a record."""

    def empty(self, topic: str) -> None:
        """Removes all records of a topic."""


class Remover:
    """Drops sources; `kept` are topics whose records stay although a dropped query wrote some of them."""

    def __init__(
        self, ksqldb: KsqlDb, topics: Topics, sources: Sequence[Source], kept: Collection[str] = ()
    ) -> None:
        self._ksqldb, self._topics, self._sources, self._kept = ksqldb, topics, sources, kept

    def readers_first(self) -> Iterator[Source]:
        """All of them, each after what reads it; in the given order where nothing reads the other."""
        left = list(self._sources)
        while left:
            others = {source.name: writers(each for each in left if each is not source) for source in left}
            free = (each for each in left if not others[each.name].intersection(_readers(each)))
            source = next(free, left[0])
            left.remove(source)
            yield source

    def change(self, source: Source, is_orphan: bool = False) -> Change:
        """Drops one; an orphan only if nobody reads it who stays."""
        resource = resource_of(source)
        readers = sorted(_readers(source) - writers(self._sources))
        if is_orphan and readers:
            return Blocked(
                resource,
                reason=f"it is not declared any more, but {', '.join(readers)} still reads it.",
                remedy="Add `--replace-streams` if that is a query of include/ksql that no longer should; "
                "terminate it if it is somebody else's.",
            )
        queries = tuple(f"ends {query.query_id}" for query in source.writers)
        empties = source.topic in emptied([source], self._kept)
        fate = "empties its topic" if empties else "keeps its topic"
        return Delete(resource, (*queries, fate), partial(self._end, source, empties))

    def _end(self, source: Source, empties: bool) -> None:
        """The stream goes last: as long as it is there, the next plan knows that this was begun."""
        for query in source.writers:
            self._ksqldb.terminate(query.query_id)
        if empties:
            self._topics.empty(source.topic)
        self._ksqldb.drop(source)


def emptied(sources: Iterable[Source], kept: Collection[str]) -> set[str]:
    """The topics that lose their records with `sources`: those that a query fills, or did until it ended."""
    return {source.topic for source in sources if has_query(source.statement)}.difference(kept)


def resource_of(source: Source) -> str:
    """What a plan calls a stream or table."""
    return f"{source.kind.lower()} {source.name}"


def writers(sources: Iterable[Source]) -> set[str]:
    """The ids of the queries that fill the sources."""
    return {query.query_id for source in sources for query in source.writers}


def _readers(source: Source) -> set[str]:
    return {query.query_id for query in source.readers}
