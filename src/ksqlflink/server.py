"""Puts the parts together and serves them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import uvicorn

from ksqlflink.app import create_app
from ksqlflink.catalogue import Catalogue
from ksqlflink.create_query import JobBuilder
from ksqlflink.dialect import parse
from ksqlflink.errors import ServerProblem
from ksqlflink.executor import Executor
from ksqlflink.flink import FlinkCluster
from ksqlflink.gateway import SqlGateway
from ksqlflink.http import JsonService
from ksqlflink.kafka import KafkaTopics
from ksqlflink.model import SERVICE_ID
from ksqlflink.queries import QueryManager
from ksqlflink.registry import SchemaRegistry
from ksqlflink.requests import RequestHandler
from ksqlflink.translate import Services
from ksqlflink.world import World

_LOG = logging.getLogger(__name__)
_PLANNING_SECONDS = 60.0  # a gateway that has just started loads its planner with the first statement
_SHUTDOWN_SECONDS = 5

# Settings of every job. A reader with isolation.level=read_committed sees a pair when the checkpoint after
# it completes; RocksDB writes only what changed since the one before, and iterates a join key's rows in
# time order, which is the order ksqlDB emits several matches in.
JOB_SETTINGS = {
    "execution.runtime-mode": "streaming",
    "parallelism.default": "1",
    "table.local-time-zone": "UTC",
    # A stream without new records does not keep the state of the other one for ever, as in ksqlDB.
    "table.exec.source.idle-timeout": "5 min",
    "pipeline.object-reuse": "true",
    "state.backend.type": "rocksdb",
    "state.backend.rocksdb.memory.fixed-per-slot": "64mb",
    "execution.checkpointing.interval": "1s",
    "execution.checkpointing.min-pause": "1s",
    "execution.checkpointing.incremental": "true",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.tolerable-failed-checkpoints": "1000000",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.num-retained": "2",
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "1s",
    "restart-strategy.exponential-delay.max-backoff": "15s",
}


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


class Server:
    """The backend of the REST API."""

    def __init__(self, settings: Settings) -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._kafka = KafkaTopics(settings.bootstrap_servers)
        self._catalogue = Catalogue(settings.state_dir / "catalogue.sqlite")
        self._cluster = FlinkCluster(JsonService("Flink", settings.flink_url))
        gateway = JsonService("The Flink SQL gateway", settings.gateway_url, timeout=_PLANNING_SECONDS)
        self._gateway = SqlGateway(gateway)
        self._manager = QueryManager(
            self._catalogue, self._cluster, self._gateway, self._kafka.abort_transactions
        )
        registry = SchemaRegistry(JsonService("The schema registry", settings.registry_url))
        world = World(self._catalogue, self._kafka, registry)
        self._requests = RequestHandler(
            Executor(world, self._manager, lambda: self._builder, self._properties())
        )
        self._cluster_id = ""
        self._end = threading.Event()

    def _properties(self) -> dict[str, str]:
        return {
            "ksql.service.id": SERVICE_ID,
            "ksql.schema.registry.url": self._settings.registry_url,
            "ksql.persistent.prefix": "query_",
            "ksql.output.topic.name.prefix": "",
        }

    @cached_property
    def _builder(self) -> JobBuilder:
        services = Services(self._settings.bootstrap_servers, self._settings.registry_url)
        return JobBuilder(services, JOB_SETTINGS, self._kafka.transaction_timeout_ms())

    def run(self, text: str, properties: dict[str, Any], sequence: int | None) -> list[dict[str, Any]]:
        """Run a request to /ksql."""
        return self._requests.run(text, properties, sequence)

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

    def serve(self) -> None:
        """Serve until SIGTERM or SIGINT; running jobs go on."""
        # Building the parser takes a second or two; the first request shall not wait for it.
        targets = (lambda: parse(""), self._learn_cluster_id, lambda: self._manager.supervise(self._end))
        threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in threads:
            thread.start()
        try:
            uvicorn.run(
                create_app(self),
                host=self._settings.host,
                port=self._settings.port,
                log_config=None,
                access_log=False,
                http="h11",
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
                date_header=False,
            )
        finally:
            self._end.set()
