"""`ksqlflink translate`: the Flink SQL of the queries in a ksql file, without any running service."""

# What stands in for services takes arguments it has no use for.
# ruff: noqa: ARG002

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ksqlflink.catalogue.model import FlinkJob, Query
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.dialect import statements as st
from ksqlflink.errors import KsqlError
from ksqlflink.flink.settings import JOB_SETTINGS
from ksqlflink.flink.translate import Services, flink_statements
from ksqlflink.services.http import JsonService
from ksqlflink.services.registry import Registry, SandboxRegistry, SchemaRegistry
from ksqlflink.services.topics import Topic
from ksqlflink.statements.create_query import JobBuilder
from ksqlflink.statements.executor import Executor, Session
from ksqlflink.statements.jobs import NoJobs
from ksqlflink.statements.properties import get, with_
from ksqlflink.statements.requests import parsed
from ksqlflink.statements.world import World

_EARLIEST = {"auto.offset.reset": "earliest"}
_TRANSACTION_TIMEOUT_MS = 900_000  # the brokers' default
_FAILED = 1
_CREATED = re.compile(r"CREATE TEMPORARY (FUNCTION|TABLE|VIEW) (\S+)")


@dataclass
class AssumedTopics:
    """Topics as a ksql file implies them: what it reads is there, with one partition unless it says more."""

    topics: dict[str, Topic] = field(default_factory=dict)

    def find(self, name: str) -> Topic | None:
        """Return the topic of that name."""
        return self.topics.get(name)

    def create(self, topic: Topic) -> None:
        """Note a topic."""
        self.topics[topic.name] = topic

    def delete(self, name: str) -> None:
        """Forget a topic."""
        self.topics.pop(name, None)

    def replicas(self) -> dict[str, list[int]]:
        """Return the replica count of each partition of each topic."""
        return {name: [topic.replicas] * topic.partitions for name, topic in self.topics.items()}

    def end_offsets(self, name: str) -> dict[int, int]:
        """Return the end offsets of empty partitions."""
        return dict.fromkeys(range(self.topics[name].partitions), 0)

    def begin_offsets(self, name: str) -> dict[int, int]:
        """Return the first offsets of empty partitions."""
        return self.end_offsets(name)

    def committed(self, group: str, name: str) -> dict[int, int]:
        """Return nothing."""
        return {}


class NoRegistry:
    """A registry that knows nothing."""

    def latest(self, subject: str) -> str | None:
        """Return no schema."""

    def latest_id(self, subject: str) -> int | None:
        """Return no id."""

    def ids(self, subject: str) -> list[int]:
        """Return no ids."""
        return []

    def schema(self, schema_id: int) -> str | None:
        """Return no schema."""

    def register(self, subject: str, schema: str) -> int:
        """Return a placeholder."""
        return 0

    def delete(self, subject: str) -> None:
        """Do nothing."""


class _Collected(NoJobs):
    """Collects queries instead of starting them."""

    def __init__(self) -> None:
        self.queries: list[Query] = []

    def start(self, query: Query) -> None:
        """Note a query."""
        self.queries.append(query)


def translated(
    text: str, bootstrap_servers: str, registry_url: str | None, jar: str | None = None
) -> Iterator[tuple[Query, str]]:
    """Yield each query of a text with its Flink SQL; KsqlError for what is refused."""
    real: Registry = NoRegistry()
    if registry_url is not None:
        real = SchemaRegistry(JsonService("The schema registry", registry_url))
    services = Services(bootstrap_servers, registry_url or "http://registry:8081", jar)
    for query in planned(text, services, real):
        yield query, flink_sql(query.job)


def planned(text: str, services: Services, registry: Registry) -> list[Query]:
    """Return the queries of a text; KsqlError for what is refused."""
    topics = AssumedTopics()
    world = World(Catalogue(":memory:"), topics, SandboxRegistry(registry))
    builder = JobBuilder(services, JOB_SETTINGS, _TRANSACTION_TIMEOUT_MS)
    jobs = _Collected()
    executor = Executor(world, jobs, lambda: builder, {}, validating=True)
    session = Session(dict(_EARLIEST))
    for statement in parsed(text, world, {}):
        executor.execute(_with_topic(statement, topics), session)
    return jobs.queries


def _with_topic(statement: st.Statement, topics: AssumedTopics) -> st.Statement:
    """Return a statement that creates the topic it reads, if that is not there yet."""
    if not isinstance(statement, st.CreateSource) or get(statement, "PARTITIONS") is not None:
        return statement
    name = get(statement, "KAFKA_TOPIC")
    missing: bool = name is not None and topics.find(name) is None
    completed: st.Statement = with_(statement, PARTITIONS=1) if missing else statement
    return completed


def flink_sql(job: FlinkJob) -> str:
    """Return a job as a script for Flink's SQL client; the next one may use the same names."""
    created = [found for statement in job.tables if (found := _CREATED.match(statement))]
    drops = [f"DROP TEMPORARY {found[1]} {found[2]}" for found in reversed(created)]
    return "".join(f"{statement};\n\n" for statement in (*flink_statements(job), *drops))


def translate_file(
    file: Path, bootstrap_servers: str, registry_url: str | None, runtime_jar: str | None
) -> int:
    """Print the Flink SQL of a file's queries and return the exit code."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    try:
        for query, sql in translated(text, bootstrap_servers, registry_url, runtime_jar):
            shown = "".join(f"-- {line}\n" for line in query.statement.splitlines())
            sys.stdout.write(f"{shown}\n{sql}")
    except KsqlError as error:
        sys.stderr.write(f"{error.message}\n")
        return _FAILED
    return 0
