"""What the files under include/ may say. Unknown keys are refused everywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

TopicName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
TargetName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=120)]
# What a Connect service speaks: a worker's own REST API, or Confluent Cloud's for managed connectors.
ConnectApi = Literal["kafka_connect", "confluent_cloud"]
# What a sink's collection holds; the data-quality checks know each of them.
Stores = Literal["joined_orders", "payment_mismatches", "hourly_revenue"]
# What a check is about: one run, or the pipeline as a whole.
Scope = Literal["run", "pipeline"]
CleanupPolicy = Literal["delete", "compact", "compact,delete"]
Compatibility = Literal[
    "NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"
]


class Spec(BaseModel):
    """Base of every file's model: frozen, and strict about names."""

    # An error that quoted what it refuses would quote secrets as well.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TopicSettings(Spec):
    """A topic's settings on one target. `retention` is an ISO 8601 duration such as P7D."""

    partitions: int = Field(ge=1, le=10_000)
    replication_factor: int = Field(ge=1, le=15)
    retention: timedelta = Field(gt=timedelta(0))
    cleanup_policy: CleanupPolicy = "delete"

    @property
    def retention_ms(self) -> int:
        """The retention in milliseconds."""
        return self.retention // timedelta(milliseconds=1)

    @property
    def config(self) -> dict[str, str]:
        """Topic-level configuration as Kafka names it; times in milliseconds."""
        return {"retention.ms": str(self.retention_ms), "cleanup.policy": self.cleanup_policy}


class TopicSpec(Spec):
    """include/topics/<name>.yaml."""

    name: TopicName
    description: str
    targets: dict[TargetName, TopicSettings]


class SchemaSpec(Spec):
    """include/schemas/<subject>.avsc: the subject and its Avro schema as a JSON document."""

    subject: TopicName
    definition: dict[str, Any]


class TopicWishes(Spec):
    """What a statement says of its topic by its WITH and its window; None where it says nothing."""

    partitions: int | None = None
    replicas: int | None = None
    retention_ms: int | None = None
    windowed: bool = False
    window_retention_ms: int | None = None


class StatementSpec(Spec):
    """include/ksql/NN_<name>.sql: one CREATE statement; `order` is NN, `source` what it creates.

    `kind` is stream or table, `topic` what it describes or fills, `wishes` what it says about that, `reads`
    the sources that its query reads (empty without a query), `properties` what the file's SET statements say.
    """

    file: str
    order: int
    source: str
    kind: Literal["stream", "table"]
    topic: str
    wishes: TopicWishes = TopicWishes()
    reads: tuple[str, ...] = ()
    sql: str
    properties: dict[str, str] = {}

    @property
    def has_query(self) -> bool:
        """Whether the statement starts a persistent query."""
        return bool(self.reads)


class ConnectorSpec(Spec):
    """include/connectors/<name>.json; `config` is what Kafka Connect gets, without the target's part.

    `stores` says what the collection holds, and with that which checks verify it. `apis` holds what only one
    protocol's connectors are told; loading a pipeline puts the part of the target's protocol into `config`.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
    description: str
    stores: Stores
    database: str = Field(min_length=1)
    collection: str = Field(min_length=1)
    config: dict[str, str]
    apis: dict[ConnectApi, dict[str, str]] = {}

    @property
    def topics(self) -> list[str]:
        """The topics that the connector reads."""
        return [topic.strip() for topic in self.config.get("topics", "").split(",") if topic.strip()]

    @property
    def dead_letter_topic(self) -> str | None:
        """Where the connector puts records it cannot write; None when it has no such topic."""
        return self.config.get("errors.deadletterqueue.topic.name")


class Expectation(Spec):
    """What a figure has to be: exactly one comparison with a number or with another figure's name."""

    equals: int | str | None = None
    at_most: int | str | None = None
    at_least: int | str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Expectation:
        if sum(value is not None for value in (self.equals, self.at_most, self.at_least)) != 1:
            raise ValueError("give exactly one of equals, at_most, at_least")
        return self


class CheckSpec(Spec):
    """include/checks/<name>.yaml: one figure and what it has to be.

    Of scope `run` the figure is one of a run's reconciliation, of scope `pipeline` one of the health of all.
    """

    name: Identifier
    description: str
    scope: Scope = "run"
    severity: Literal["fail", "warn"] = "fail"
    figure: Identifier
    expect: Expectation
    next_step: str


class TargetSpec(Spec):
    """include/targets/<name>.yaml; `services` and `connector_config` still hold ${NAME} references.

    `compatibility` is every subject's level, except those that `subject_compatibility` names. A connector has
    `connectors_run_within` (an ISO 8601 duration) until all its tasks have to run. `ksqldb_service_id` begins
    the names of the ksqlDB server's own topics and groups; a managed server's is told by its management API.
    `ksqldb_engine` is embedded where the server is the package's own, which knows less than ksqlDB.
    """

    name: TargetName
    description: str
    services: dict[str, dict[str, Any]]
    compatibility: Compatibility = "BACKWARD"
    subject_compatibility: dict[str, Compatibility] = {}
    connector_config: dict[str, str] = {}
    ksqldb_engine: Literal["ksqldb", "embedded"] = "ksqldb"
    connectors_run_within: timedelta = Field(default=timedelta(minutes=2), gt=timedelta(0))
    ksqldb_service_id: TopicName | None = None

    @property
    def connect_api(self) -> ConnectApi:
        """Which part of a connector's `apis` is meant."""
        api: ConnectApi = self.services.get("kafka_connect", {}).get("api", "kafka_connect")
        return api

    @property
    def is_managed(self) -> bool:
        """Whether somebody else runs the connectors."""
        return self.connect_api == "confluent_cloud"

    def compatibility_of(self, subject: str) -> Compatibility:
        """The level by which the registry judges a subject's next version."""
        return self.subject_compatibility.get(subject, self.compatibility)


class PipelineSpec(Spec):
    """Everything under include/, read for one target; `notes` say what could not be checked."""

    target: TargetSpec
    topics: tuple[TopicSpec, ...]
    schemas: tuple[SchemaSpec, ...]
    statements: tuple[StatementSpec, ...]
    connectors: tuple[ConnectorSpec, ...]
    checks: tuple[CheckSpec, ...]
    notes: tuple[str, ...] = ()

    @property
    def queries(self) -> tuple[StatementSpec, ...]:
        """The statements that start a persistent query."""
        return tuple(spec for spec in self.statements if spec.has_query)

    def topics_read(self, statement: StatementSpec) -> tuple[str, ...]:
        """The topics of the sources that a statement's query reads."""
        topics = {spec.source: spec.topic for spec in self.statements}
        return tuple(topics[name] for name in statement.reads if name in topics)

    def lineage(self, statement: StatementSpec) -> tuple[StatementSpec, ...]:
        """The statement and all that it builds on, in the order of the files."""
        names, topics = {statement.source}, set[str]()
        for spec in reversed(self.statements):
            if spec.source in names or (spec.has_query and spec.topic in topics):
                names.update(spec.reads, (spec.source,))
                topics.add(spec.topic)
        return tuple(spec for spec in self.statements if spec.source in names)

    def checks_of(self, scope: Scope) -> tuple[CheckSpec, ...]:
        """The checks of a scope."""
        return tuple(check for check in self.checks if check.scope == scope)
