"""CREATE STREAM and TABLE, with and without AS SELECT, and INSERT INTO .. SELECT."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ksqlflink.catalogue.model import DataSource, FlinkJob, Query, new_job_id
from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadRequest, BadStatement, not_supported
from ksqlflink.flink.gateway import FlinkRefusal
from ksqlflink.statements import entities
from ksqlflink.statements.create_query import (
    JobBuilder,
    QueryPlan,
    analyze_transient,
    client_plan,
    ensure_sink_topic,
    plan_insert,
    plan_query,
)
from ksqlflink.statements.create_source import create_source, ensure_source_topic
from ksqlflink.statements.drops import is_insert
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.explain import Outline, topology
from ksqlflink.statements.jobs import Jobs
from ksqlflink.statements.topic_rules import made
from ksqlflink.statements.world import World

_OVERRIDABLE = "ksql."


@dataclass(frozen=True)
class Creator:
    """Creates sources and queries."""

    world: World
    jobs: Jobs
    builder: Callable[[], JobBuilder]

    def _exists_already(self, statement: st.CreateSource | st.CreateAsSelect) -> Entity | None:
        existing = self.world.catalogue.source(statement.name)
        if existing is None or not statement.if_not_exists:
            return None
        message = (
            f"Cannot add {statement.kind.lower()} `{statement.name}`: A {existing.kind.lower()} with the "
            "same name already exists."
        )
        return entities.warning(statement.text, message)

    def source(self, statement: st.CreateSource, properties: Mapping[str, Any]) -> Entity:
        """CREATE STREAM or TABLE over a topic."""
        warning = self._exists_already(statement)
        if warning is not None:
            ensure_source_topic(statement, self.world, properties)
            return warning
        source = create_source(statement, self.world, properties)
        command, message = _create(source), f"{source.kind.capitalize()} created"
        with self.world.catalogue.transaction():
            self.world.catalogue.put_source(source)
            sequence = self.world.catalogue.log(command, source.statement, message)
        return entities.current_status(source.statement, command, message, sequence)

    def query(self, statement: st.CreateAsSelect, properties: Mapping[str, Any]) -> Entity:
        """CREATE STREAM or TABLE AS SELECT."""
        warning = self._exists_already(statement)
        if warning is not None:
            ensure_sink_topic(statement, self.world)
            return warning
        plan = plan_query(statement, self.world)
        replaced = self._replaced(statement)
        prefix = "CSAS" if statement.kind == "STREAM" else "CTAS"
        query_id = replaced.id if replaced else f"{prefix}_{statement.name}_{self._next_number()}"
        return self._run(plan, query_id, plan.source.statement, properties, replaced)

    def _replaced(self, statement: st.CreateAsSelect) -> Query | None:
        """Return the query that CREATE OR REPLACE takes over from."""
        if self.world.catalogue.source(statement.name) is None:
            return None
        writers = [query for query in self.world.catalogue.queries() if query.sink == statement.name]
        created = [query for query in writers if not is_insert(query)]
        if not created:
            raise not_supported(
                "CREATE OR REPLACE of a source without a query of its own", statement.position, statement.text
            )
        return created[0]

    def insert(self, statement: st.InsertSelect, properties: Mapping[str, Any]) -> Entity:
        """INSERT INTO .. SELECT."""
        plan = plan_insert(statement, self.world)
        query_id = f"INSERTQUERY_{self._next_number()}"
        return self._run(plan, query_id, statement.text, properties, None)

    def outline(self, statement: st.Statement, properties: Mapping[str, Any]) -> Outline:
        """Return what EXPLAIN says of a statement that is not carried out."""
        world = self.world.sandbox()
        if isinstance(statement, st.SelectStatement):
            return self._client_outline(statement, world, properties)
        if isinstance(statement, st.CreateAsSelect):
            plan = plan_query(statement, world)
        else:
            raise BadRequest("The provided statement does not run a ksql query")
        job = self._job(plan, world, properties, "explained")
        alias, sink = statement.query.source.alias, plan.source
        shown = topology(job), job.insert
        return Outline(sink.columns, plan.reads, alias, *shown, (sink.name,), sink.window_type)

    def _client_outline(
        self, statement: st.SelectStatement, world: World, properties: Mapping[str, Any]
    ) -> Outline:
        analysis = analyze_transient(statement, world)
        plan = client_plan(analysis, self.builder().services.registry_url, properties)
        shown = json.dumps(plan, indent=1, ensure_ascii=False), json.dumps(plan, ensure_ascii=False)
        return Outline(analysis.columns, analysis.reads, statement.query.source.alias, *shown)

    def _next_number(self) -> int:
        return self.world.catalogue.next_sequence() - 1

    # -- starting ------------------------------------------------------------------------------------------

    def _run(
        self,
        plan: QueryPlan,
        query_id: str,
        text: str,
        properties: Mapping[str, Any],
        replaced: Query | None,
    ) -> Entity:
        self.jobs.check()
        source = plan.source
        job = self._job(plan, self.world, properties, query_id)
        query = Query(query_id, source.name, source.topic, plan.reads, text, job, new_job_id())
        command, message = _create(source), f"Created query with ID {query_id}"
        if replaced is not None:
            rested = self.jobs.replace(replaced)
            query = replace(query, job_id=rested.job_id, checkpoint=rested.checkpoint)
        with self.world.catalogue.transaction():
            if not query_id.startswith("INSERTQUERY"):
                self.world.catalogue.put_source(source)
            self.world.catalogue.put_query(query)
            self.world.catalogue.put_overridden(query_id, _overridden(properties))
            sequence = self.world.catalogue.log(command, query.statement, message, query_id)
        self._start(query, source)
        return entities.current_status(query.statement, command, message, sequence, query_id, plan.warnings)

    def _job(self, plan: QueryPlan, world: World, properties: Mapping[str, Any], query_id: str) -> FlinkJob:
        """Create the sink's topic and schemas, and return the job that writes to it."""
        with made(plan.topic, plan.topic_is_new, world):
            return self.builder().build(plan, world, properties, query_id)

    def _start(self, query: Query, source: DataSource) -> None:
        try:
            self.jobs.start(query)
        except FlinkRefusal as error:
            with self.world.catalogue.transaction():
                self.world.catalogue.remove_query(query.id)
                self.world.catalogue.add_stopping(query)
                if not is_insert(query):
                    self.world.catalogue.remove_source(source.name)
            raise BadStatement(
                f"Flink does not accept the query: {error.message}", query.statement
            ) from error


def _create(source: DataSource) -> str:
    return f"{source.kind.lower()}/`{source.name}`/create"


def _overridden(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties as EXPLAIN lists them: all under ksqlDB's prefix, numbers as numbers."""
    return {
        name if name.startswith(_OVERRIDABLE) else f"ksql.streams.{name}": _number_or_text(value)
        for name, value in properties.items()
    }


def _number_or_text(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value
