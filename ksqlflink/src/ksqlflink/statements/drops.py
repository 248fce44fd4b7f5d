"""DROP STREAM and DROP TABLE: ksqlDB's dependency rules, and what goes with the source."""

from __future__ import annotations

from dataclasses import dataclass

from ksqlflink.catalogue.model import DataSource, Query
from ksqlflink.dialect import format_statement
from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadStatement, ServerProblem
from ksqlflink.services.registry import subject_of
from ksqlflink.statements import entities
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.lifecycle import Lifecycle
from ksqlflink.statements.world import World


def is_insert(query: Query) -> bool:
    """Tell whether a query is an INSERT INTO .. SELECT, which ends with TERMINATE only."""
    return query.id.startswith("INSERTQUERY_")


@dataclass(frozen=True)
class Dropper:
    """Carries out DROP statements."""

    world: World
    lifecycle: Lifecycle

    def drop(self, statement: st.Drop) -> Entity:
        """Drop a source with the query that created it, and its topic if that is asked for."""
        source = self.world.catalogue.source(statement.name)
        if source is None:
            return self._missing(statement)
        self._check(statement, source)
        shown = statement.text
        if statement.delete_topic:
            shown = format_statement(st.Drop(statement.kind, statement.name, statement.if_exists))
        message = f"Source `{source.name}` (topic: {source.topic}) was dropped."
        writers = [query for query in self.world.catalogue.queries() if query.sink == source.name]
        with self.world.catalogue.transaction():
            self.lifecycle.forget(writers)
            self.world.catalogue.remove_source(source.name)
            sequence = self.world.catalogue.log(_command(statement), shown, message)
        self.lifecycle.stop(writers)
        if statement.delete_topic:
            self._delete_topic(source.topic)
        return entities.current_status(shown, _command(statement), message, sequence)

    def _missing(self, statement: st.Drop) -> Entity:
        if not statement.if_exists:
            raise BadStatement(
                f"{statement.kind.capitalize()} {statement.name} does not exist.", statement.text
            )
        message = f"Source `{statement.name}` does not exist."
        with self.world.catalogue.transaction():
            sequence = self.world.catalogue.log(_command(statement), statement.text, message)
        return entities.current_status(statement.text, _command(statement), message, sequence)

    def _check(self, statement: st.Drop, source: DataSource) -> None:
        if source.kind != statement.kind:
            raise BadStatement(
                f"Incompatible data source type is {source.kind.lower()}, but statement was DROP "
                f"{statement.kind.lower()}",
                statement.text,
            )
        self._check_inserts(statement, source)
        readers = sorted(other.name for other in self.world.catalogue.sources() if source.name in other.reads)
        if readers:
            raise BadStatement(
                f"Cannot drop {source.name}.\nThe following streams and/or tables read from this source: "
                f"[{', '.join(readers)}].\nYou need to drop them before dropping {source.name}.",
                statement.text,
            )
        if statement.delete_topic:
            self._check_topic(statement, source)

    def _check_inserts(self, statement: st.Drop, source: DataSource) -> None:
        inserts = [query for query in self.world.catalogue.queries() if is_insert(query)]
        readers = sorted(query.id for query in inserts if source.name in query.sources)
        writers = sorted(query.id for query in inserts if query.sink == source.name)
        if readers or writers:
            raise BadStatement(
                f"Cannot drop {source.name}.\n"
                f"The following queries read from this source: [{', '.join(readers)}].\n"
                f"The following queries write into this source: [{', '.join(writers)}].\n"
                f"You need to terminate them before dropping {source.name}.",
                statement.text,
            )

    def _check_topic(self, statement: st.Drop, source: DataSource) -> None:
        others = [
            other.name
            for other in self.world.catalogue.sources()
            if other.topic == source.topic and other.name != source.name
        ]
        if others:
            message = (
                f"Refusing to delete topic. Found other data sources ({', '.join(others)}) using topic "
                f"{source.topic}"
            )
            raise ServerProblem(message, statement.text)

    def _delete_topic(self, topic: str) -> None:
        if self.world.topics.find(topic) is not None:
            self.world.topics.delete(topic)
        self.world.registry.delete(subject_of(topic))
        self.world.registry.delete(f"{topic}-key")


def _command(statement: st.Drop) -> str:
    return f"{statement.kind.lower()}/{statement.name}/drop"
