"""Carries out parsed statements, one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ksqlflink import entities
from ksqlflink.create_query import JobBuilder, QueryPlan, carry_out, plan_query
from ksqlflink.create_source import create_source, subject_of
from ksqlflink.dialect import format_statement
from ksqlflink.dialect import statements as st
from ksqlflink.entities import Entity
from ksqlflink.errors import BadStatement, WrongEndpoint
from ksqlflink.gateway import FlinkRefusal
from ksqlflink.inspection import Inspector
from ksqlflink.model import DataSource, Query
from ksqlflink.properties import not_supported
from ksqlflink.queries import Jobs, NoJobs, new_job_id
from ksqlflink.world import World

Properties = dict[str, Any]
_WRONG_ENDPOINT = (
    "The following statement types should be issued to the websocket endpoint '/query':"
    "\n\t* PRINT\n\t* SELECT"
)


@dataclass(frozen=True)
class Executor:
    """Executes statements on a world; `server` is what SHOW PROPERTIES lists."""

    world: World
    jobs: Jobs
    builder: Callable[[], JobBuilder]
    server: Mapping[str, str]

    def sandbox(self) -> Executor:
        """Return an executor whose statements leave no trace, to validate a whole request with."""
        return Executor(self.world.sandbox(), NoJobs(), self.builder, self.server)

    def execute(self, statement: st.Statement, properties: Properties) -> Entity | None:
        """Carry out a statement; SET and UNSET change `properties` and answer nothing."""
        match statement:
            case st.CreateSource():
                return self._create_source(statement)
            case st.CreateAsSelect():
                return self._create_query(statement, properties)
            case st.Drop():
                return self._drop(statement)
            case st.Terminate():
                return self._terminate(statement)
            case st.SetProperty(name, value):
                properties.pop(name, None)
                if value is not None:
                    properties[name] = value
                return None
            case st.SelectStatement():
                raise WrongEndpoint(_WRONG_ENDPOINT, statement.text)
            case st.Unsupported(construct):
                raise not_supported(construct, statement.position, statement.text)
        return Inspector(self.world, self.jobs, self.server).answer(statement, properties)

    # -- CREATE --------------------------------------------------------------------------------------------

    def _exists_already(self, statement: st.CreateSource | st.CreateAsSelect) -> Entity | None:
        existing = self.world.catalogue.source(statement.name)
        if existing is None or not statement.if_not_exists:
            return None
        message = (
            f"Cannot add {statement.kind.lower()} `{statement.name}`: A {existing.kind.lower()} with "
            "the same name "
            "already exists."
        )
        return entities.warning(statement.text, message)

    def _create_source(self, statement: st.CreateSource) -> Entity:
        warning = self._exists_already(statement)
        if warning is not None:
            return warning
        if statement.or_replace and self.world.catalogue.source(statement.name) is not None:
            raise not_supported("CREATE OR REPLACE of an existing stream", statement.position, statement.text)
        source = create_source(statement, self.world)
        command, message = f"stream/`{source.name}`/create", "Stream created"
        with self.world.catalogue.transaction():
            self.world.catalogue.put_source(source)
            sequence = self.world.catalogue.log(command, source.statement, message)
        return entities.current_status(source.statement, command, message, sequence)

    def _create_query(self, statement: st.CreateAsSelect, properties: Properties) -> Entity:
        warning = self._exists_already(statement)
        if warning is not None:
            return warning
        plan = plan_query(statement, self.world)
        self.jobs.check()
        carry_out(plan, self.world)
        query_id = f"CSAS_{statement.name}_{self.world.catalogue.next_sequence() - 1}"
        query = self._query(plan, query_id, properties)
        command, message = f"stream/`{statement.name}`/create", f"Created query with ID {query_id}"
        with self.world.catalogue.transaction():
            self.world.catalogue.put_source(plan.source)
            self.world.catalogue.put_query(query)
            sequence = self.world.catalogue.log(command, query.statement, message, query_id)
        self._start(query, plan.source)
        return entities.current_status(
            query.statement, command, message, sequence, query_id, plan.analysis.warnings
        )

    def _query(self, plan: QueryPlan, query_id: str, properties: Properties) -> Query:
        source = plan.source
        job = self.builder().build(plan, self.world, properties, query_id)
        return Query(query_id, source.name, source.topic, source.reads, source.statement, job, new_job_id())

    def _start(self, query: Query, source: DataSource) -> None:
        try:
            self.jobs.start(query)
        except FlinkRefusal as error:
            with self.world.catalogue.transaction():
                self._forget([query])
                self.world.catalogue.remove_source(source.name)
            raise BadStatement(
                f"Flink does not accept the query: {error.message}", query.statement
            ) from error

    # -- DROP and TERMINATE --------------------------------------------------------------------------------

    def _drop(self, statement: st.Drop) -> Entity:
        command = f"{statement.kind.lower()}/{statement.name}/drop"
        shown = statement.text
        source = self.world.catalogue.source(statement.name)
        if source is None:
            if not statement.if_exists:
                raise BadStatement(f"{statement.kind.capitalize()} {statement.name} does not exist.", shown)
            message = f"Source `{statement.name}` does not exist."
            with self.world.catalogue.transaction():
                sequence = self.world.catalogue.log(command, shown, message)
            return entities.current_status(shown, command, message, sequence)
        self._check_drop(statement, source)
        if statement.delete_topic:
            shown = format_statement(st.Drop(statement.kind, statement.name, statement.if_exists))
        message = f"Source `{source.name}` (topic: {source.topic}) was dropped."
        writers = [query for query in self.world.catalogue.queries() if query.sink == source.name]
        with self.world.catalogue.transaction():
            self._forget(writers)
            self.world.catalogue.remove_source(source.name)
            sequence = self.world.catalogue.log(command, shown, message)
        self._stop(writers)
        if statement.delete_topic:
            self._delete_topic(source.topic)
        return entities.current_status(shown, command, message, sequence)

    def _check_drop(self, statement: st.Drop, source: DataSource) -> None:
        if source.kind != statement.kind:
            raise BadStatement(
                f"Incompatible data source type is {source.kind.lower()}, but statement was DROP "
                f"{statement.kind.lower()}",
                statement.text,
            )
        readers = sorted(other.name for other in self.world.catalogue.sources() if source.name in other.reads)
        if readers:
            raise BadStatement(
                f"Cannot drop {source.name}.\nThe following streams and/or tables read from this source: "
                f"[{', '.join(readers)}].\nYou need to drop them before dropping {source.name}.",
                statement.text,
            )

    def _delete_topic(self, topic: str) -> None:
        if self.world.topics.find(topic) is not None:
            self.world.topics.delete(topic)
        self.world.registry.delete(subject_of(topic))
        self.world.registry.delete(f"{topic}-key")

    def _terminate(self, statement: st.Terminate) -> Entity:
        queries = self._terminated(statement)
        name = "ALL" if statement.query_id is None else queries[0].id
        command, message = f"terminate/{name}/execute", "Query terminated."
        with self.world.catalogue.transaction():
            self._forget(queries)
            sequence = self.world.catalogue.log(command, statement.text, message)
        self._stop(queries)
        return entities.current_status(statement.text, command, message, sequence)

    def _terminated(self, statement: st.Terminate) -> list[Query]:
        if statement.query_id is None:
            return self.world.catalogue.queries()
        query = self.world.catalogue.query(statement.query_id)
        if query is None:
            raise BadStatement(f"Unknown queryId: {statement.query_id}", statement.text)
        return [query]

    def _forget(self, queries: list[Query]) -> None:
        for query in queries:
            self.world.catalogue.remove_query(query.id)
            # Noted first: a server killed before the job has ended still ends it after its restart.
            self.world.catalogue.add_stopping(query)

    def _stop(self, queries: list[Query]) -> None:
        for query in queries:
            self.jobs.stop(query)
