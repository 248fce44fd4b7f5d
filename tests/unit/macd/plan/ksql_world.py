"""ksqlDB over Kafka in memory: a new query reads its topic from the beginning and writes everything again.

Records are the numbers of orders. A query copies what its last source brings, so a join waits for payments,
and what is written twice is in a topic twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from macd.clients.ksqldb import Query, Source
from macd.specs.models import StatementSpec
from macd.specs.statements import parse_file


class Killed(BaseException):
    """Whoever was applying a plan is no more."""


@dataclass
class _Topic:
    records: list[int] = field(default_factory=list)
    begin: int = 0


@dataclass
class _Running:
    spec: StatementSpec
    reads: str
    at: int = 0


class World:
    """Both services; `steps` counts what was changed, and the step `killed_before` is not taken any more."""

    def __init__(self, **records: list[int]) -> None:
        self.topics = {name: _Topic(list(given)) for name, given in records.items()}
        self.specs: dict[str, StatementSpec] = {}
        self.by_id: dict[str, _Running] = {}
        self.steps: list[str] = []
        self.killed_before: int | None = None
        self.numbers = iter(range(1, 1_000, 2))

    def records(self, topic: str) -> list[int]:
        """What a reader from the beginning gets."""
        found = self.topics.get(topic, _Topic())
        return found.records[found.begin :]

    # -- what the plan asks --------------------------------------------------------------------------------

    def source(self, name: str) -> Source | None:
        if name not in self.specs:
            return None
        spec = self.specs[name]
        writers = (query for query, each in self.by_id.items() if each.spec.source == name)
        readers = (query for query, each in self.by_id.items() if name in each.spec.reads)
        described = (tuple(self._query(each) for each in found) for found in (writers, readers))
        return Source(name, spec.kind.upper(), spec.topic, spec.sql, *described)

    def queries(self) -> list[Query]:
        return [self._query(query_id) for query_id in self.by_id]

    def holding(self, topics: set[str]) -> set[str]:
        return {topic for topic in topics if self.records(topic)}

    def _query(self, query_id: str) -> Query:
        return Query(query_id, "RUNNING", (self.by_id[query_id].spec.topic,))

    # -- what it changes -----------------------------------------------------------------------------------

    def execute(self, sql: str, properties: dict[str, str]) -> None:
        spec = parse_file(sql, Path("00_test.sql"))
        self._step(f"create {spec.source}")
        assert spec.source not in self.specs
        self.specs[spec.source] = spec
        if spec.has_query:
            reads = self.specs[spec.reads[-1]].topic
            self.by_id[f"CSAS_{spec.source}_{next(self.numbers)}"] = _Running(spec, reads)
        self._run()

    def terminate(self, query_id: str) -> None:
        self._step(f"terminate {query_id.rpartition('_')[0]}")
        self.by_id.pop(query_id, None)

    def drop(self, source: Source) -> None:
        self._step(f"drop {source.name}")
        readers = [spec.source for spec in self.specs.values() if source.name in spec.reads]
        assert not readers, "ksqlDB refuses to drop what another source reads"
        self.specs.pop(source.name, None)
        self.by_id = {query: it for query, it in self.by_id.items() if it.spec.source != source.name}

    def empty(self, topic: str) -> None:
        self._step(f"empty {topic}")
        self.topics[topic].begin = len(self.topics[topic].records)

    def _step(self, what: str) -> None:
        if self.killed_before == len(self.steps):
            raise Killed
        self.steps.append(what)

    def _run(self) -> None:
        """Every query goes on to the end of what it reads, and of what others wrote there meanwhile."""
        for each in [*self.by_id.values()] * 2:
            read, written = (self.topics.setdefault(name, _Topic()) for name in (each.reads, each.spec.topic))
            written.records += read.records[max(each.at, read.begin) :]
            each.at = len(read.records)
