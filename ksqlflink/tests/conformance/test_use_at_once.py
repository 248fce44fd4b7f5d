"""A topic can be used as soon as the statement that makes it is answered, and made again once it is gone."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from confluent_kafka import Consumer, TopicPartition

from ksqldb_conformance.services import Services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
EARLIEST = {"ksql.streams.auto.offset.reset": "earliest"}
# Where murmur2, Kafka's default, places these keys among 1, 3 and 4 partitions.
PLACES = {1: {"a": 0, "b": 0, "c": 0}, 3: {"a": 1, "b": 2, "c": 1}, 4: {"a": 0, "b": 0, "c": 2}}


def _run(services: Services, text: str) -> list[dict[str, Any]]:
    body = {"ksql": text, "streamsProperties": EARLIEST}
    response = requests.post(f"{services.ksqldb}/ksql", json=body, timeout=60)
    assert response.status_code == requests.codes.ok, f"{text}\n{response.text}"
    answers: list[dict[str, Any]] = response.json()
    return answers


def _placed(services: Services, topic: str, partitions: int) -> dict[str, int]:
    """The partition of each key; read to the ends of all partitions."""
    consumer = Consumer(
        {"bootstrap.servers": services.kafka, "group.id": topic, "enable.partition.eof": True}
        | {"enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    found: dict[str, int] = {}
    ended = 0
    while ended < partitions:
        message = consumer.poll(10.0)
        assert message is not None, f"{topic} cannot be read"
        key, partition = message.key(), message.partition()
        if message.error() is None and key is not None and partition is not None:
            found[key.decode() if isinstance(key, bytes) else key] = partition
        else:
            ended += 1
    consumer.close()
    return found


@pytest.mark.parametrize("round_", range(30))
def test_a_topic_is_made_used_deleted_and_made_again(services: Services, round_: int) -> None:
    partitions = (1, 4, 3)[round_ % 3]
    rows = "".join(f"INSERT INTO at_once (k, v) VALUES ('{key}', 1);" for key in PLACES[partitions])
    _run(
        services,
        "CREATE STREAM at_once (k VARCHAR KEY, v INT) "
        f"WITH (KAFKA_TOPIC='at_once', VALUE_FORMAT='JSON', PARTITIONS={partitions}); {rows}",
    )
    try:
        assert _placed(services, "at_once", partitions) == PLACES[partitions]
    finally:
        _run(services, "DROP STREAM at_once DELETE TOPIC;")


@pytest.mark.parametrize("round_", range(5))
def test_queries_read_topics_that_the_same_request_makes(services: Services, round_: int) -> None:
    answers = _run(
        services,
        "CREATE STREAM at_once (k VARCHAR KEY, v INT) "
        f"WITH (KAFKA_TOPIC='at_once', VALUE_FORMAT='JSON', PARTITIONS={round_ + 1}); "
        "CREATE TABLE at_once_counts AS SELECT k, COUNT(*) AS n FROM at_once GROUP BY k; "
        "CREATE TABLE at_once_more AS SELECT k, n FROM at_once_counts WHERE n > 1;",
    )
    try:
        assert [answer["commandStatus"]["status"] for answer in answers] == ["SUCCESS"] * 3
    finally:
        drops = ("TABLE at_once_more", "TABLE at_once_counts", "STREAM at_once")
        _run(services, "".join(f"DROP {source} DELETE TOPIC;" for source in drops))
