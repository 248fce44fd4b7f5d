"""EXPLAIN and SHOW QUERIES EXTENDED: what a query is, in ksqlDB's shape.

There is no Kafka Streams topology here: `topology` shows the Flink SQL of the query, or the plan that the
worker runs for a client.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ksqlflink.catalogue.model import PAUSED, SERVICE_ID, Column, FlinkJob, Query, consumer_group
from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadStatement
from ksqlflink.statements import entities
from ksqlflink.statements.entities import Entity, entity
from ksqlflink.statements.world import World

_HOST = "127.0.0.1:8088"


@dataclass(frozen=True)
class Outline:
    """What EXPLAIN says of a query that does not run."""

    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    alias: str
    topology: str
    execution_plan: str
    sinks: tuple[str, ...] = ()
    window_type: str | None = None


def transient_id(alias: str) -> str:
    """Return a new id of a query that answers one request."""
    return f"transient_{alias}_{random.randrange(10**17, 10**19)}"  # noqa: S311 - a name, no secret


@dataclass(frozen=True)
class Explainer:
    """Describes queries."""

    world: World
    states: Mapping[str, str]

    def running(self, statement: st.Explain) -> Entity:
        """EXPLAIN of a persistent query."""
        query = self.world.catalogue.query(statement.query_id or "")
        if query is None:
            raise BadStatement(
                f"Query with id:{statement.query_id} does not exist, use SHOW QUERIES to view the full set "
                "of queries.",
                statement.text,
            )
        return entity("queryDescription", statement.text, {"queryDescription": self.describe(query)})

    def describe(self, query: Query) -> Entity:
        """Return the description of a persistent query."""
        state = self.states.get(query.id, "UNRESPONSIVE")
        sink = self.world.catalogue.source(query.sink)
        return {
            "id": query.id,
            "statementText": query.statement,
            "windowType": sink.window_type if sink else None,
            **_shown(
                sink.columns if sink else (),
                query.sources,
                (query.sink,),
                topology(query.job),
                query.job.insert,
            ),
            "overriddenProperties": self.world.catalogue.overridden(query.id),
            "ksqlHostQueryStatus": {_HOST: state},
            "queryType": "PERSISTENT",
            "consumerGroupId": consumer_group(query.id),
            "state": "RUNNING" if state == PAUSED else state,
        }

    def outline(self, statement: st.Statement, outline: Outline, properties: Mapping[str, Any]) -> Entity:
        """Return the description of a statement's query that does not run."""
        query_id = transient_id(outline.alias)
        return {
            "id": query_id,
            "statementText": statement.text,
            "windowType": outline.window_type,
            **_shown(
                outline.columns, outline.sources, outline.sinks, outline.topology, outline.execution_plan
            ),
            "overriddenProperties": dict(properties),
            "ksqlHostQueryStatus": {},
            "queryType": "PERSISTENT" if outline.sinks else "PUSH",
            "consumerGroupId": f"_confluent-ksql-{SERVICE_ID}transient_{query_id}_{int(time.time() * 1000)}",
            "state": None,
        }


def topology(job: FlinkJob) -> str:
    """Return the Flink SQL of a job as one text."""
    return ";\n".join([*job.tables, job.insert]) + ";\n"


def _shown(
    columns: Iterable[Column], sources: Iterable[str], sinks: Iterable[str], topology: str, plan: str
) -> Entity:
    """Return what is described in the same way whether a query runs or not."""
    return {
        "fields": entities.columns(columns),
        "sources": list(sources),
        "sinks": list(sinks),
        "topology": topology,
        "executionPlan": plan,
        "queryErrors": [],
        "tasksMetadata": [],
    }
