"""Consumers of committed records, and what comes out of them."""

from __future__ import annotations

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, Message

from ksqlflink.errors import ServerProblem
from ksqlflink.services.kafka import reason
from ksqlflink.services.records import Record

CLIENT = {"log_level": 0}
_IGNORED = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)  # passing troubles, librdkafka tries again


def consumer(bootstrap_servers: str, **settings: int) -> Consumer:
    """Return a consumer of committed records that commits no offsets."""
    return Consumer(
        {
            **CLIENT,
            "bootstrap.servers": bootstrap_servers,
            "group.id": "_confluent-ksql-default_reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
            "topic.metadata.refresh.interval.ms": 5000,
            **{name.replace("_", "."): value for name, value in settings.items()},
        }
    )


def check(error: KafkaError, topic: str) -> None:
    """Raise what keeps a topic from being read; librdkafka itself gets over the rest."""
    if error.code() not in _IGNORED:
        raise ServerProblem(f"Topic {topic} cannot be read: {reason(error)}")


def record_of(message: Message) -> Record:
    """Return a message as a record."""
    kind, timestamp = message.timestamp()
    return Record(
        message.partition() or 0,
        message.offset() or 0,
        _bytes(message.key()),
        _bytes(message.value()),
        0 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
