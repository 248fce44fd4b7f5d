"""The pipeline as one object: its files, its services, and the plans that lead from one to the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TypeVar

from macd.clients.connect import Connect
from macd.clients.connectors import connect_client
from macd.clients.contents import Contents
from macd.clients.kafka import KafkaAdmin
from macd.clients.ksqldb import KsqlDb
from macd.clients.mongodb import SERVICE as MONGODB
from macd.clients.mongodb import connected
from macd.clients.registry import SchemaRegistry
from macd.errors import ServiceError
from macd.plan import (
    Change,
    MongoLedger,
    Orphans,
    Plan,
    Unknown,
    find_orphans,
    plan_connector_removal,
    plan_connectors,
    plan_indexes,
    plan_orphan_connectors,
    plan_orphan_data,
    plan_schema_removal,
    plan_schemas,
    plan_stream_removal,
    plan_streams,
    plan_topic_removal,
    plan_topics,
    undeclared,
)
from macd.settings import Settings
from macd.specs import (
    PipelineSpec,
    Services,
    load_pipeline,
    require_variables,
    resolve_services,
    with_sink_variables,
)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline on a target. Clients are made when first used, so a plan for topics needs only Kafka.

    `environment` is what references of the target are filled in from; where its MongoDB is, is added to it.
    """

    spec: PipelineSpec
    services: Services
    environment: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        complete = with_sink_variables(self.environment, self.services.mongodb)
        object.__setattr__(self, "environment", complete)

    @classmethod
    def load(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Pipeline:
        """Reads include/ for the target that `settings` names and fills in its services."""
        spec = load_pipeline(settings.include_dir, settings.target)
        require_variables(spec.target, environment)
        return cls(spec, resolve_services(spec.target, environment), environment)

    @cached_property
    def kafka(self) -> KafkaAdmin:
        """Topics."""
        return KafkaAdmin(self.services.kafka)

    @cached_property
    def registry(self) -> SchemaRegistry:
        """Subjects."""
        return SchemaRegistry(self.services.schema_registry)

    @cached_property
    def ksqldb(self) -> KsqlDb:
        """Streams and queries."""
        return KsqlDb(self.services.ksqldb)

    @cached_property
    def connect(self) -> Connect:
        """Connectors."""
        return connect_client(self.services.kafka_connect)

    def orphans(self) -> Orphans:
        """What apply made, include/ no longer declares, and is still there; ServiceError without MongoDB."""
        with connected(self.services.mongodb) as database:
            parts = MongoLedger(database, self.spec.target.name).parts
        return find_orphans(undeclared(parts, self.spec), self)

    def plan(self, *, replace_streams: bool = False, prune: bool = False) -> Plan:
        """What separates the services from include/, in the order in which it has to be applied.

        A stream needs its topics and subjects, so on an empty target the later parts are planned against
        an emptiness that the earlier ones fill; each change is idempotent for that reason. Without MongoDB,
        which keeps what was made, orphans and indexes are unknown.
        """
        orphans, unknown = self._asked("orphans", self.orphans, Orphans())
        return (
            plan_orphan_connectors(orphans, self, prune=prune)
            + plan_topics(self.spec, self.kafka)
            + plan_schemas(self.spec, self.registry)
            + plan_streams(
                self.spec,
                self.ksqldb,
                Contents(self.kafka),
                replace=replace_streams,
                orphans=orphans.sources,
                adopted=orphans.adopted,
                prune=prune,
            )
            + plan_connectors(self.spec, self.connect, self.environment)
            + plan_orphan_data(self.spec, orphans, self, prune=prune)
            + Plan(unknown)
            + self._plan_indexes(unknown)
        )

    def plan_removal(self) -> Plan:
        """Everything the pipeline made on the services except what is in MongoDB, readers first.

        Without MongoDB orphans are unknown, and stay; what include/ declares can be removed all the same.
        """
        orphans, unknown = self._asked("orphans", self.orphans, Orphans())
        return (
            Plan(unknown)
            + plan_connector_removal(self.spec, self.connect, orphans.parts)
            + plan_stream_removal(self.spec, self.ksqldb, Contents(self.kafka), orphans.parts)
            + plan_schema_removal(self.spec, self.registry, orphans.parts)
            + plan_topic_removal(self.spec, self.kafka, orphans.parts)
        )

    def apply(self, plan: Plan, report: Callable[[Change], object] = lambda _: None) -> None:
        """Applies a plan of this pipeline, and keeps in MongoDB what it made."""
        with connected(self.services.mongodb) as database:
            plan.apply(report, MongoLedger(database, self.spec.target.name))

    def remove(self, plan: Plan, report: Callable[[Change], object] = lambda _: None) -> None:
        """Applies a plan of removal: MongoDB is told of it, unless the plan could not ask it either.

        Then a record too many is left, which the next plan finds to be nothing.
        """
        if plan.unknown:
            plan.apply(report)
        else:
            self.apply(plan, report)

    def _plan_indexes(self, unknown: tuple[Unknown, ...]) -> Plan:
        """A MongoDB that has not answered is not waited for once more."""
        if unknown:
            return Plan.of(replace(each, resource="indexes") for each in unknown)
        plan = partial(plan_indexes, self.spec, self.services.mongodb)
        found, why = self._asked("indexes", plan, Plan(()))
        return found + Plan(why)

    def _asked(
        self, what: str, question: Callable[[], Answer], otherwise: Answer
    ) -> tuple[Answer, tuple[Unknown, ...]]:
        """What needs MongoDB; `otherwise`, and why, where that cannot be asked."""
        try:
            return question(), ()
        except ServiceError as error:
            if error.service != MONGODB:
                raise
            return otherwise, (Unknown(what, (error.message,)),)
