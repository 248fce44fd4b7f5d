"""Replay one data case against running services."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

from confluent_kafka import Message

from .case import Case
from .judge import Found, Written, differences
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
        if self._case.produce_first:
            self._produce()
        warnings = self._start()
        self._stage.kafka.keep_everything(self._case.outputs)
        if not self._case.produce_first:
            self._produce()
        kafka, registry = self._stage.kafka, self._stage.registry
        found = Found(self._read(), kafka.partitions(), self._latest, registry.schema, warnings)
        return differences(self._case, found)

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
            time.sleep((self._case.pause_ms if record.pause_ms is None else record.pause_ms) / 1000)

    def _read(self) -> dict[str, list[Written]]:
        counts = {topic: len(records) for topic, records in self._case.outputs.items()}
        found: dict[str, list[Written]] = {topic: [] for topic in counts}
        limits = self._limits
        for message in self._stage.kafka.read(counts, deadline_s=limits.output, quiet_s=limits.quiet):
            found[str(message.topic())].append(_written(message))
        return found

    def _latest(self, subject: str) -> Any:
        found = self._stage.registry.latest(subject)
        return None if found is None else found[0]


def _written(message: Message) -> Written:
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    place, time_ms = int(message.partition() or 0), message.timestamp()[1]
    return Written(message.key(), message.value(), time_ms, place, tuple(headers))


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
