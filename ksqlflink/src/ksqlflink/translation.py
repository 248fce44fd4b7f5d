"""`ksqlflink translate`: the Flink SQL of the queries in a ksql file, without any running service."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ksqlflink.catalogue.model import FlinkJob, Query
from ksqlflink.catalogue.store import Catalogue
from ksqlflink.errors import KsqlError
from ksqlflink.flink.settings import JOB_SETTINGS
from ksqlflink.flink.translate import Services, flink_statements
from ksqlflink.services.http import JsonService
from ksqlflink.services.registry import Registry, SandboxRegistry, SchemaRegistry
from ksqlflink.statements.create_query import JobBuilder
from ksqlflink.statements.executor import Executor
from ksqlflink.statements.jobs import NoJobs
from ksqlflink.statements.requests import parsed
from ksqlflink.statements.world import World
from ksqlflink.testing.server import session, with_assumed_topic
from ksqlflink.testing.services import MemoryKafka, MemoryRegistry

_TRANSACTION_TIMEOUT_MS = 900_000  # the brokers' default
_FAILED = 1
_CREATED = re.compile(r"CREATE TEMPORARY (FUNCTION|TABLE|VIEW) (\S+)")


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
    real: Registry = MemoryRegistry()
    if registry_url is not None:
        real = SchemaRegistry(JsonService("The schema registry", registry_url))
    services = Services(bootstrap_servers, registry_url or "http://registry:8081", jar)
    for query in planned(text, services, real):
        yield query, flink_sql(query.job)


def planned(text: str, services: Services, registry: Registry) -> list[Query]:
    """Return the queries of a text; KsqlError for what is refused."""
    topics = MemoryKafka()
    world = World(Catalogue(":memory:"), topics, SandboxRegistry(registry))
    builder = JobBuilder(services, JOB_SETTINGS, _TRANSACTION_TIMEOUT_MS)
    jobs = _Collected()
    executor = Executor(world, jobs, lambda: builder, {}, validating=True)
    given = session()
    for statement in parsed(text, world, {}):
        executor.execute(with_assumed_topic(statement, topics), given)
    return jobs.queries


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
