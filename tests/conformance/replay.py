"""Replay one data case against running services."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message

from .case import Case, InputRecord, OutputRecord
from .codec import decode, decode_key, encode
from .compare import compare_records, compare_schemas, compare_values
from .kafka import Kafka
from .ksqldb import KsqlDb
from .registry import Registry
from .services import Services
from .waiting import wait_until


@dataclass(frozen=True)
class Limits:
    """Deadlines in seconds; `quiet` is how long a complete sink is watched for records too many.

    A server that writes exactly once shows a record only with its next commit: `quiet` has to be longer
    than its commit interval, or a repeated record goes unnoticed.
    """

    start: float = 60.0
    output: float = 60.0
    quiet: float = 3.0


@dataclass(frozen=True)
class Result:
    """Verdict on one case: it passed if there are no differences."""

    name: str
    theme: str
    seconds: float
    differences: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True if everything was as recorded."""
        return not self.differences


class Replay:
    """One replay of one case, with connections of its own so that cases can run side by side."""

    def __init__(self, services: Services, case: Case, limits: Limits) -> None:
        self._case = case
        self._limits = limits
        self._kafka = Kafka(services.kafka)
        self._registry = Registry(services.registry)
        self._ksqldb = KsqlDb(services.ksqldb)
        self._schemas: dict[str, list[tuple[Any, int]]] = {}

    def run(self) -> list[str]:
        """Prepare, replay, compare and clean up; the differences found.

        An error on the way is a difference like any other, so that the other cases still run.
        """
        try:
            return [*_attempt(self._prepare_and_replay), *_attempt(self._clean_up)]
        finally:
            self._registry.close()
            self._ksqldb.close()

    def _prepare_and_replay(self) -> list[str]:
        self._clean()
        self._prepare()
        return self._replay()

    def _clean_up(self) -> list[str]:
        self._clean()
        return []

    def _clean(self) -> None:
        """Remove what this case left: queries, sources, topics, subjects."""
        topics = self._case.all_topics
        self._ksqldb.remove_sources(topics)
        self._kafka.delete_topics(topics)
        for topic in topics:
            self._registry.delete(f"{topic}-key")
            self._registry.delete(f"{topic}-value")

    def _prepare(self) -> None:
        self._kafka.create_topics(self._case.topics)
        for subject, schemas in self._case.schemas.items():
            versions = schemas if _is_version_list(schemas) else [schemas]
            self._schemas[subject] = [(one, self._registry.register(subject, one)) for one in versions]

    def _replay(self) -> list[str]:
        warnings = self._start()
        self._produce()
        actual = self._read()
        partitions = self._kafka.partitions()
        return [
            *compare_records(self._case, actual),
            *compare_schemas(self._case.output_schemas, self._registered()),
            *compare_values(
                "partitions of the sink topics",
                self._case.output_partitions,
                {topic: partitions.get(topic) for topic in self._case.output_partitions},
            ),
            *compare_values("warnings of the statements", self._case.warnings, warnings),
        ]

    def _start(self) -> list[str]:
        """Send the statements and wait until their queries run; the warnings that came back."""
        entities = [
            entity
            for statement in self._case.statements
            for entity in self._ksqldb.execute(statement, self._case.properties)
        ]
        started = {str(status["queryId"]) for entity in entities if (status := _command_status(entity))}
        wait_until(lambda: self._running(started), self._limits.start, f"state RUNNING of {sorted(started)}")
        return [warning["message"] for entity in entities for warning in entity.get("warnings", [])]

    def _running(self, ids: set[str]) -> bool:
        states = {query["id"]: query.get("state") for query in self._ksqldb.queries()}
        return all(states.get(query_id) == "RUNNING" for query_id in ids)

    def _produce(self) -> None:
        producer = self._kafka.producer()
        for record in self._case.inputs:
            formats = self._case.formats[record.topic]
            producer.send(
                record.topic,
                encode(record.key, formats.key, self._schema(record, "key")),
                encode(record.value, formats.value, self._schema(record, "value")),
                record.timestamp,
                record.partition,
            )
            # Part of the recorded experiment, not a wait: the arrival order across topics hangs on it.
            time.sleep(self._case.pause_ms / 1000)

    def _schema(self, record: InputRecord, side: str) -> tuple[Any, int] | None:
        subject = f"{record.topic}-{side}"
        versions = self._schemas.get(subject)
        if versions:
            version = record.schema_version if side == "value" and record.schema_version else len(versions)
            return versions[version - 1]
        is_avro = getattr(self._case.formats[record.topic], side) == "AVRO"
        return self._registry.latest(subject) if is_avro else None

    def _read(self) -> dict[str, list[OutputRecord]]:
        counts = {topic: len(records) for topic, records in self._case.outputs.items()}
        found: dict[str, list[OutputRecord]] = {topic: [] for topic in counts}
        for message in self._kafka.read(counts, deadline_s=self._limits.output, quiet_s=self._limits.quiet):
            found[str(message.topic())].append(self._decoded(message))
        return found

    def _decoded(self, message: Message) -> OutputRecord:
        formats = self._case.formats[str(message.topic())]
        return OutputRecord(
            key=decode_key(message.key(), formats.key, formats.windowed, self._registry.schema),
            value=decode(message.value(), formats.value, self._registry.schema),
            timestamp=message.timestamp()[1],
            partition=message.partition(),
        )

    def _registered(self) -> dict[str, Any]:
        subjects = [f"{topic}-{side}" for topic in self._case.outputs for side in ("key", "value")]
        latest = {subject: self._registry.latest(subject) for subject in subjects}
        return {subject: found[0] for subject, found in latest.items() if found is not None}


def _is_version_list(schemas: Any) -> bool:
    """A list of records is a list of versions; a list with other types would be a union."""
    return isinstance(schemas, list) and all(isinstance(one, dict) for one in schemas)


def _command_status(entity: dict[str, Any]) -> dict[str, Any] | None:
    """The command status of an entity that started a query."""
    status = entity.get("commandStatus")
    return status if isinstance(status, dict) and status.get("queryId") else None


def _attempt(step: Callable[[], list[str]]) -> list[str]:
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - the verdict names it
        return [f"{step.__name__.strip('_').replace('_', ' ')}: {type(error).__name__}: {error}"]


def run_case(services: Services, case: Case, limits: Limits | None = None) -> Result:
    """Replay a case and time it."""
    started = time.monotonic()
    differences = Replay(services, case, limits or Limits()).run()
    return Result(case.name, case.theme, time.monotonic() - started, differences)


def run_cases(
    services: Services, cases: Sequence[Case], limits: Limits, concurrency: int
) -> dict[str, Future[Result]]:
    """Start the replay of all cases, `concurrency` at a time; their futures by name."""
    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="conformance")
    futures = {case.name: pool.submit(run_case, services, case, limits) for case in cases}
    pool.shutdown(wait=False)
    return futures
