"""Replay one data case against running services."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message

from .case import Case, OutputRecord
from .codec import decode, decode_key
from .compare import compare_records, compare_schemas, compare_values
from .result import Result
from .services import Services
from .stage import Stage
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


class Replay:
    """One replay of one case on a stage of its own."""

    def __init__(self, stage: Stage, case: Case, limits: Limits) -> None:
        self._stage = stage
        self._case = case
        self._limits = limits

    def run(self) -> list[str]:
        """Prepare, replay, compare and clean up; the differences found.

        An error on the way is a difference like any other, so that the other cases still run.
        """
        return [*_attempt(self._prepare_and_replay), *_attempt(self._clean_up)]

    def _prepare_and_replay(self) -> list[str]:
        self._stage.clean(self._case.all_topics)
        self._stage.set_up(self._case.topics, self._case.schemas)
        warnings = self._start()
        self._stage.kafka.keep_everything(self._case.outputs)
        self._produce()
        return self._differences(self._read(), warnings)

    def _clean_up(self) -> list[str]:
        self._stage.clean(self._case.all_topics)
        return []

    def _start(self) -> list[str]:
        """Send the statements and wait until their queries run; the warnings that came back."""
        entities = [
            entity
            for statement in self._case.statements
            for entity in self._stage.ksqldb.execute(statement, self._case.properties)
        ]
        started = {query_id for entity in entities if (query_id := started_query(entity))}
        wait_until(
            lambda: self._stage.ksqldb.running(started),
            self._limits.start,
            f"state RUNNING of {sorted(started)}",
        )
        return [warning["message"] for entity in entities for warning in entity.get("warnings", [])]

    def _produce(self) -> None:
        producer = self._stage.kafka.producer()
        for record in self._case.inputs:
            self._stage.send(producer, record)
            # Part of the recorded experiment, not a wait: the arrival order across topics hangs on it.
            time.sleep(self._case.pause_ms / 1000)

    def _read(self) -> dict[str, list[OutputRecord]]:
        counts = {topic: len(records) for topic, records in self._case.outputs.items()}
        found: dict[str, list[OutputRecord]] = {topic: [] for topic in counts}
        limits = self._limits
        for message in self._stage.kafka.read(counts, deadline_s=limits.output, quiet_s=limits.quiet):
            found[str(message.topic())].append(self._decoded(message))
        return found

    def _decoded(self, message: Message) -> OutputRecord:
        formats = self._case.formats[str(message.topic())]
        schema = self._stage.registry.schema
        return OutputRecord(
            key=decode_key(message.key(), formats.key, formats.windowed, schema),
            value=decode(message.value(), formats.value, schema),
            timestamp=message.timestamp()[1],
            partition=message.partition(),
        )

    def _differences(self, actual: dict[str, list[OutputRecord]], warnings: list[str]) -> list[str]:
        case, partitions = self._case, self._stage.kafka.partitions()
        return [
            *compare_records(case, actual),
            *compare_schemas(case.output_schemas, self._registered()),
            *compare_values(
                "partitions of the sink topics",
                case.output_partitions,
                {topic: partitions.get(topic) for topic in case.output_partitions},
            ),
            *compare_values("warnings of the statements", case.warnings, warnings),
        ]

    def _registered(self) -> dict[str, Any]:
        subjects = [f"{topic}-{side}" for topic in self._case.outputs for side in ("key", "value")]
        latest = {subject: self._stage.registry.latest(subject) for subject in subjects}
        return {subject: found[0] for subject, found in latest.items() if found is not None}


def started_query(entity: dict[str, Any]) -> str | None:
    """Id of the query that the statement of this entity started."""
    status = entity.get("commandStatus")
    return status.get("queryId") if isinstance(status, dict) else None


def _attempt(step: Callable[[], list[str]]) -> list[str]:
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - the verdict names it
        return [f"{step.__name__.strip('_').replace('_', ' ')}: {type(error).__name__}: {error}"]


def run_case(services: Services, case: Case, limits: Limits | None = None) -> Result:
    """Replay a case and time it."""
    started = time.monotonic()
    with Stage(services, case.formats) as stage:
        differences = Replay(stage, case, limits or Limits()).run()
    return Result(case.name, case.theme, time.monotonic() - started, differences)


def run_cases(
    services: Services, cases: Sequence[Case], limits: Limits, concurrency: int
) -> dict[str, Future[Result]]:
    """Start the replay of all cases, `concurrency` at a time; their futures by name."""
    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="conformance")
    futures = {case.name: pool.submit(run_case, services, case, limits) for case in cases}
    pool.shutdown(wait=False)
    return futures
