"""How far topics reach: the first and the last offsets of their partitions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from macd.clients.kafka import SERVICE, client_config, wrap
from macd.errors import RequestRejected
from macd.specs.endpoints import KafkaService

# Seconds. Brokers answer in milliseconds when they are there, so a longer wait only delays the bad news.
REQUEST_TIMEOUT_S = 10.0
# A topic that has just been made, or whose broker has just come back, is led by nobody for a moment.
LEADER_LIMIT_S = 5.0
_LEADERLESS = {KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}
# Topic and partition.
Place = tuple[str, int]


class Position(NamedTuple):
    """The next offset to read of one partition."""

    topic: str
    partition: int
    offset: int


class Extent(NamedTuple):
    """A partition at one moment: its first offset, where committed records end, and where all end.

    Between the two ends lies what a transaction that is still open keeps from readers of committed records.
    """

    begin: int
    stable_end: int
    end: int


class _Which(NamedTuple):
    """One of a partition's offsets, as the broker is asked for it."""

    spec: OffsetSpec
    isolation: IsolationLevel


_BEGIN = _Which(OffsetSpec.earliest(), IsolationLevel.READ_COMMITTED)  # type: ignore[no-untyped-call]
_STABLE_END = _Which(OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)  # type: ignore[no-untyped-call]
_END = _Which(OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)  # type: ignore[no-untyped-call]


def admin_client(service: KafkaService) -> AdminClient:
    """One that is silent: each failed connection would be a line on stderr; our error says it once."""
    return AdminClient({**client_config(service), "log_level": 0})


def end_offsets(
    service: KafkaService, topics: Collection[str], client: AdminClient | None = None
) -> tuple[Position, ...]:
    """Where each partition of `topics` ends now for a read_committed reader; refuses a missing topic."""
    return _positions(service, topics, client, _STABLE_END)


def begin_offsets(
    service: KafkaService, topics: Collection[str], client: AdminClient | None = None
) -> tuple[Position, ...]:
    """Where each partition of `topics` begins now, as far as retention goes; refuses a missing topic."""
    return _positions(service, topics, client, _BEGIN)


def extents(
    service: KafkaService, topics: Collection[str], client: AdminClient | None = None
) -> dict[Place, Extent]:
    """How far each partition of `topics` reaches now; refuses a missing topic."""
    # In this order: what is written in between makes no end of committed records lag behind the other end.
    found = _offsets(service, topics, client, _BEGIN, _END, _STABLE_END)
    return {place: Extent(begin, stable, end) for place, (begin, end, stable) in found.items()}


def _positions(
    service: KafkaService, topics: Collection[str], client: AdminClient | None, which: _Which
) -> tuple[Position, ...]:
    found = _offsets(service, topics, client, which)
    return tuple(Position(*place, offset) for place, (offset,) in found.items())


def _offsets(
    service: KafkaService, topics: Collection[str], client: AdminClient | None, *asked: _Which
) -> dict[Place, list[int]]:
    """By partition, in the order in which they are asked for."""
    if not topics:
        return {}
    # An AdminClient counts as false while it has nothing to do.
    admin = admin_client(service) if client is None else client
    found: dict[Place, list[int]] = {}
    try:
        known = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
        places = [TopicPartition(topic, each) for topic in topics for each in _partitions(known, topic)]
        for which in asked:
            for at, offset in _answered(admin, places, which).items():
                found.setdefault((at.topic, at.partition), []).append(offset)
    except KafkaException as error:
        raise wrap(error, service) from error
    return found


def _answered(admin: AdminClient, places: list[TopicPartition], which: _Which) -> dict[TopicPartition, int]:
    def ask() -> dict[TopicPartition, int]:
        answers = admin.list_offsets(
            dict.fromkeys(places, which.spec),
            isolation_level=which.isolation,
            request_timeout=REQUEST_TIMEOUT_S,
        )
        return {at: answer.result().offset for at, answer in answers.items()}

    asking = Retrying(
        retry=retry_if_exception(_is_leaderless),
        stop=stop_after_delay(LEADER_LIMIT_S),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    return asking(ask)


def _is_leaderless(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _LEADERLESS


def _partitions(known: dict[str, Any], topic: str) -> list[int]:
    if topic not in known or known[topic].error is not None:
        raise RequestRejected(
            SERVICE,
            f"topic {topic} does not exist.",
            remedy="Create the topics first (`macd apply`, or the DAG's first task).",
            code=KafkaError.UNKNOWN_TOPIC_OR_PART,
        )
    return sorted(known[topic].partitions)
