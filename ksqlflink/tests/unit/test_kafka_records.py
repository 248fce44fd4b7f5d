"""What Kafka does not take is said, at once where it can be."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from ksqlflink.errors import ServerProblem
from ksqlflink.services import kafka_records
from ksqlflink.services.kafka_records import KafkaRecords


class Producer:
    """Takes nothing."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def produce(self, *_: Any, **__: Any) -> None:
        raise self.problem


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)), "(?i)size"),
        (BufferError("Local: Queue full"), "too many records wait"),
    ],
)
def test_what_is_not_taken_at_once_is_a_problem_of_the_server(problem: Exception, why: str) -> None:
    records = KafkaRecords("nowhere:1", Producer(problem))  # type: ignore[arg-type]
    with pytest.raises(ServerProblem, match=f"Kafka did not take the record: .*{why.removeprefix('(?i)')}"):
        records.write("x", None, b"v", 1)


def test_a_record_is_not_written_after_the_client_was_told_that_it_was_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_records, "_DELIVERED_MS", 1_000)
    monkeypatch.setattr(kafka_records, "_ACKNOWLEDGED_SECONDS", 10.0)
    with pytest.raises(ServerProblem, match="timed out"):
        KafkaRecords("127.0.0.1:1").write("x", None, b"v", 1)
