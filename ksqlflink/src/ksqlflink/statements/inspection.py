"""SHOW and DESCRIBE."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadStatement, not_supported
from ksqlflink.statements import entities
from ksqlflink.statements.entities import Entity, entity, schema
from ksqlflink.statements.explain import Explainer
from ksqlflink.statements.function_docs import function_names
from ksqlflink.statements.jobs import Jobs
from ksqlflink.statements.progress import Progress
from ksqlflink.statements.pushes import NoPushes, Pushes
from ksqlflink.statements.world import World

_KAFKA_INTERNAL = re.compile(r"__(consumer_offsets|transaction_state|share_group_state)\Z")
_HIDDEN = re.compile(
    r"_confluent.*|__confluent.*|_schemas|connect-(configs|offsets|status|statuses)\Z|_ksqlflink_.*|__.*"
)


@dataclass(frozen=True)
class Inspector:
    """Answers statements that change nothing."""

    world: World
    jobs: Jobs
    server: Mapping[str, str]
    pushes: Pushes = field(default_factory=NoPushes)

    def show(self, statement: st.Show, properties: Mapping[str, Any], variables: Mapping[str, str]) -> Entity:
        """Return the answer to a SHOW statement."""
        text = statement.text
        if statement.extended:
            return self._show_extended(statement)
        match statement.what:
            case "STREAMS" | "TABLES":
                return entities.sources(
                    text, statement.what.removesuffix("S"), self.world.catalogue.sources()
                )
            case "QUERIES":
                persistent = [*self.world.catalogue.queries(), *self.world.catalogue.stopping()]
                return entities.queries(text, persistent, self.jobs.states(), self.pushes.running())
            case "TOPICS" | "ALL TOPICS":
                items = [
                    {"name": name, "replicaInfo": counts} for name, counts in self._topics(statement).items()
                ]
                return entity("kafka_topics", text, {"topics": items})
            case "PROPERTIES":
                return entities.properties(text, self.server, properties)
            case "TYPES":
                types = self.world.catalogue.types()
                return entity("type_list", text, {"types": {name: schema(types[name]) for name in types}})
            case "VARIABLES":
                named = [{"name": name, "value": value} for name, value in variables.items()]
                return entity("variables", text, {"variables": named})
            case "FUNCTIONS":
                return function_names(text)
        raise not_supported(f"SHOW {statement.what}", statement.position, text)

    def _show_extended(self, statement: st.Show) -> Entity:
        match statement.what:
            case "STREAMS" | "TABLES":
                return self.describe_all(statement.text, statement.what.removesuffix("S"), extended=True)
            case "QUERIES":
                explainer = Explainer(self.world, self.jobs.states())
                described = map(explainer.describe, self.world.catalogue.queries())
                return entity("query_descriptions", statement.text, {"queryDescriptions": list(described)})
            case "TOPICS" | "ALL TOPICS":
                return entities.topics_extended(statement.text, self._topics(statement), self._readers())
        raise not_supported(f"SHOW {statement.what} EXTENDED", statement.position, statement.text)

    def _topics(self, statement: st.Show) -> dict[str, list[int]]:
        excluded = _KAFKA_INTERNAL if statement.what == "ALL TOPICS" else _HIDDEN
        replicas = self.world.topics.replicas()
        return {name: counts for name, counts in replicas.items() if not excluded.match(name)}

    def _readers(self) -> Counter[str]:
        topics = {source.name: source.topic for source in self.world.catalogue.sources()}
        queries = self.world.catalogue.queries()
        return Counter(topics[name] for query in queries for name in query.sources if name in topics)

    def describe(self, statement: st.Describe) -> Entity:
        """Return the answer to DESCRIBE of one source."""
        source = self.world.catalogue.source(statement.name)
        if source is None:
            message = f"Could not find STREAM/TABLE '{statement.name}' in the Metastore"
            other = self.world.catalogue.source(statement.name.upper())
            if other is not None:
                message += (
                    f"\nDid you mean {other.name}? Hint: try removing double quotes from the source name."
                )
            raise BadStatement(message, statement.text)
        described = self._description(source, statement.extended)
        return entity("sourceDescription", statement.text, {"sourceDescription": described})

    def describe_all(self, text: str, kind: str, extended: bool) -> Entity:
        """Return the answer to DESCRIBE STREAMS or TABLES."""
        sources = [source for source in self.world.catalogue.sources() if source.kind == kind]
        described = [self._description(source, extended) for source in sources]
        return entity("source_descriptions", text, {"sourceDescriptions": described})

    def _description(self, source: DataSource, extended: bool) -> Entity:
        states, queries = self.jobs.states(), self.world.catalogue.queries()
        stopping = self.world.catalogue.stopping()
        shown = {
            query.id: entities.running_query(query, states.get(query.id, "UNRESPONSIVE"))
            for query in (*queries, *stopping)
        }
        readers = [query for query in queries if source.name in query.sources]
        writers = [query for query in (*queries, *stopping) if source.name == query.sink]
        constraints = [other.name for other in self.world.catalogue.sources() if source.name in other.reads]
        progress = Progress(self.world)
        return entities.description(
            source,
            self.world.topics.find(source.topic),
            [shown[query.id] for query in readers],
            [shown[query.id] for query in writers],
            constraints,
            extended,
            progress.statistics(source, bool(readers), bool(writers)) if extended else "",
            progress.offsets(writers) if extended else (),
        )
