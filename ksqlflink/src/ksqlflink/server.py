"""Puts the parts together and serves them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ksqlflink.catalogue.store import Catalogue
from ksqlflink.errors import ServerProblem
from ksqlflink.flink.cluster import FlinkCluster
from ksqlflink.flink.gateway import SqlGateway
from ksqlflink.flink.queries import QueryManager
from ksqlflink.flink.settings import JOB_SETTINGS
from ksqlflink.flink.translate import Services
from ksqlflink.rest.app import create_app
from ksqlflink.rest.callers import Guarded
from ksqlflink.rest.web import serve
from ksqlflink.results.runs import Runner
from ksqlflink.results.service import QueryService
from ksqlflink.services.http import JsonService
from ksqlflink.services.kafka import KafkaTopics
from ksqlflink.services.kafka_records import KafkaRecords
from ksqlflink.services.registry import SchemaRegistry
from ksqlflink.statements.connectors import ConnectService, NoConnect
from ksqlflink.statements.create_query import JobBuilder
from ksqlflink.statements.executor import Executor
from ksqlflink.statements.pushes import MAX_PUSH_QUERIES
from ksqlflink.statements.requests import RequestHandler
from ksqlflink.statements.server_properties import ServerProperties
from ksqlflink.statements.world import World
from ksqlflink.testing.services import MemoryRegistry
from ksqlflink.translation import planned
from ksqlflink.worker.process import Worker

_LOG = logging.getLogger(__name__)
# One query of each kind, whose classes and plans Flink meets before the first client does.
REHEARSED = """
    CREATE STREAM a (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
    CREATE STREAM b AS SELECT * FROM a;
    CREATE STREAM c AS SELECT x.k, x.v FROM a x JOIN b y WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON x.k = y.k;
    CREATE TABLE d AS SELECT k, COUNT(*) FROM a WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY k;
"""
_PLANNING_SECONDS = 60.0  # a gateway that has just started loads its planner with the first statement


@dataclass(frozen=True)
class Settings:
    """Where the server listens, keeps its state, and finds the services behind it."""

    host: str
    port: int
    bootstrap_servers: str
    registry_url: str
    flink_url: str
    gateway_url: str
    state_dir: Path
    connect_url: str | None = None
    runtime_jar: str | None = None
    allowed_hosts: Sequence[str] = ()
    max_push_queries: int = MAX_PUSH_QUERIES


class Server:
    """The backend of the REST API."""

    def __init__(self, settings: Settings) -> None:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._settings = settings
        records = KafkaRecords(settings.bootstrap_servers)
        self._kafka = KafkaTopics(settings.bootstrap_servers, records.learn)
        self._catalogue = Catalogue(settings.state_dir / "catalogue.sqlite")
        self._cluster = FlinkCluster(JsonService("Flink", settings.flink_url))
        gateway = JsonService("The Flink SQL gateway", settings.gateway_url, timeout=_PLANNING_SECONDS)
        self._gateway = SqlGateway(gateway)
        self._manager = QueryManager(
            self._catalogue, self._cluster, self._gateway, self._kafka.abort_transactions
        )
        registry = SchemaRegistry(JsonService("The schema registry", settings.registry_url))
        self._worker = Worker()
        world = World(self._catalogue, self._kafka, registry, records, self._worker)
        # Of their own: what they hold must not slow down or end what everybody else is evaluated by.
        self._push_worker = Worker()
        runner = Runner(self._push_worker, settings.registry_url)
        self.queries = QueryService(world, runner, settings.max_push_queries)
        self._requests = RequestHandler(self._executor(world))
        self._cluster_id = ""
        self._end = threading.Event()

    def _executor(self, world: World) -> Executor:
        url = self._settings.connect_url
        connect = NoConnect() if url is None else ConnectService(url)
        properties = ServerProperties(self._settings.registry_url).listed()
        return Executor(world, self._manager, lambda: self._builder, properties, connect, self.queries)

    @property
    def _services(self) -> Services:
        settings = self._settings
        return Services(settings.bootstrap_servers, settings.registry_url, settings.runtime_jar)

    @cached_property
    def _builder(self) -> JobBuilder:
        return JobBuilder(self._services, JOB_SETTINGS, self._kafka.transaction_timeout_ms())

    def run(
        self, text: str, properties: dict[str, Any], sequence: int | None, variables: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Run a request to /ksql."""
        return self._requests.run(text, properties, sequence, variables)

    def cluster_id(self) -> str:
        """Return the Kafka cluster's id, empty while it is not known."""
        return self._cluster_id

    def health(self) -> Mapping[str, bool]:
        """Return the health of metastore, kafka and commandRunner (Flink and its gateway)."""
        runner = self._cluster.alive() and self._gateway.alive()
        return {"metastore": True, "kafka": self._kafka.alive(), "commandRunner": runner}

    def command(self, command_id: str) -> tuple[str, str | None] | None:
        """Return message and query id of a command."""
        return self._catalogue.command(command_id)

    def command_ids(self) -> list[str]:
        """Return the ids of all commands."""
        return self._catalogue.command_ids()

    def _learn_cluster_id(self) -> None:
        while not self._cluster_id and not self._end.wait(1.0):
            try:
                self._cluster_id = self._kafka.cluster_id()
            except ServerProblem as error:
                _LOG.warning("%s", error.message)

    def _start_workers(self) -> None:
        try:
            self._worker.start()
            self._push_worker.start()
        except ServerProblem as problem:
            _LOG.error("Nothing can be evaluated: %s", problem.message)

    def _rehearse(self) -> None:
        """Plan queries that nobody asked for: the first of each kind takes seconds, the next ones do not.

        Building the parser is a part of that, loading Flink's planner another. It ends when there is a query.
        """
        queries = planned(REHEARSED, self._services, MemoryRegistry())
        while not self._cluster.alive() or not self._gateway.alive():
            if self._end.wait(1.0):
                return
        try:
            for query in queries:
                if not self._catalogue.queries():
                    self._gateway.rehearse(query.job)
        except ServerProblem as error:
            _LOG.warning("the first queries will start slowly: %s", error.message)

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; running jobs go on."""
        targets = (
            self._rehearse,
            self._start_workers,
            self._learn_cluster_id,
            lambda: self._manager.supervise(self._end),
        )
        threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in threads:
            thread.start()
        try:
            hosts = (self._settings.host, *self._settings.allowed_hosts)
            serve(Guarded(create_app(self), hosts), self._settings.host, self._settings.port)
        finally:
            self._end.set()
            self.queries.close()
            self._worker.close()
            self._push_worker.close()
