"""SHOW and DESCRIBE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ksqlflink import entities
from ksqlflink.dialect import statements as st
from ksqlflink.entities import Entity
from ksqlflink.errors import BadStatement
from ksqlflink.model import DataSource
from ksqlflink.properties import not_supported
from ksqlflink.queries import Jobs
from ksqlflink.world import World

_KAFKA_INTERNAL = re.compile(r"__(consumer_offsets|transaction_state|share_group_state)\Z")
_HIDDEN = re.compile(r"_confluent.*|__confluent.*|_schemas|connect-(configs|offsets|status|statuses)\Z|__.*")


@dataclass(frozen=True)
class Inspector:
    """Answers statements that change nothing."""

    world: World
    jobs: Jobs
    server: Mapping[str, str]

    def answer(self, statement: st.Statement, properties: Mapping[str, Any]) -> Entity:
        """Return the answer to a SHOW or DESCRIBE statement."""
        match statement:
            case st.Show():
                return self._show(statement, properties)
            case st.Describe():
                return self._describe(statement)
            case st.DescribeAll(kind, extended):
                described = [
                    self._description(source, extended)
                    for source in self.world.catalogue.sources()
                    if source.kind == kind
                ]
                return entities.source_descriptions(statement.text, described)
        raise not_supported(type(statement).__name__, statement.position, statement.text)

    def _show(self, statement: st.Show, properties: Mapping[str, Any]) -> Entity:
        text = statement.text
        if statement.extended:
            raise not_supported(f"SHOW {statement.what} EXTENDED", statement.position, text)
        match statement.what:
            case "STREAMS" | "TABLES":
                return entities.sources(
                    text, statement.what.removesuffix("S"), self.world.catalogue.sources()
                )
            case "QUERIES":
                return entities.queries(text, self.world.catalogue.queries(), self.jobs.states())
            case "TOPICS" | "ALL TOPICS":
                return entities.topics(text, self._topics(hidden=statement.what == "ALL TOPICS"))
            case "PROPERTIES":
                return entities.properties(text, self.server, properties)
        raise not_supported(f"SHOW {statement.what}", statement.position, text)

    def _topics(self, hidden: bool) -> dict[str, list[int]]:
        excluded = _KAFKA_INTERNAL if hidden else _HIDDEN
        replicas = self.world.topics.replicas()
        return {name: counts for name, counts in replicas.items() if not excluded.match(name)}

    def _describe(self, statement: st.Describe) -> Entity:
        source = self.world.catalogue.source(statement.name)
        if source is None:
            message = f"Could not find STREAM/TABLE '{statement.name}' in the Metastore"
            other = self.world.catalogue.source(statement.name.upper())
            if other is not None:
                message += (
                    f"\nDid you mean {other.name}? Hint: try removing double quotes from the source name."
                )
            raise BadStatement(message, statement.text)
        return entities.source_description(statement.text, self._description(source, statement.extended))

    def _description(self, source: DataSource, extended: bool) -> Entity:
        states = self.jobs.states()
        shown = {
            query.id: entities.running_query(query, states.get(query.id, "UNRESPONSIVE"))
            for query in self.world.catalogue.queries()
        }
        queries = self.world.catalogue.queries()
        readers = [shown[query.id] for query in queries if source.name in query.sources]
        writers = [shown[query.id] for query in queries if source.name == query.sink]
        constraints = [other.name for other in self.world.catalogue.sources() if source.name in other.reads]
        topic = self.world.topics.find(source.topic)
        return entities.description(source, topic, readers, writers, constraints, extended)
