"""ksqlDB's rules about topics: how the topic of a statement has to look, and what one that exists may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ksqlflink.dialect import format_statement
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource
from ksqlflink.errors import BadRequest, KsqlError, ServerProblem
from ksqlflink.services.topics import COMPACT, Topic
from ksqlflink.statements.properties import Create, get, number, with_
from ksqlflink.statements.world import World

_DELETE = "delete"
_WINDOWED = "compact,delete"
_EXAMPLE_PARTITIONS = 2
_SEVEN_DAYS_MS = 604_800_000  # where nothing else tells how long a topic keeps its records


def source_topic(statement: CreateSource, world: World) -> tuple[CreateSource, Topic, bool]:
    """Return the statement as it is shown, its topic, and whether that is still to be created.

    A topic that exists is compared with what WITH names, and with nothing else.
    """
    name = get(statement, "KAFKA_TOPIC") or ""
    policy = _DELETE if statement.kind == "STREAM" else COMPACT
    _check_policy(statement)
    existing, partitions = world.topics.find(name), number(statement, "PARTITIONS")
    if existing is None and partitions is None:
        raise BadRequest(_no_topic(statement, name))
    like = existing or Topic(name, _EXAMPLE_PARTITIONS, 1, _SEVEN_DAYS_MS)
    wanted = _wanted(statement, name, like, policy)
    _check_shape(existing, wanted, statement)
    completed: CreateSource = with_(statement, CLEANUP_POLICY=policy)
    return completed, wanted, existing is None


def sink_topic(statement: CreateAsSelect, source: Topic, world: World) -> tuple[CreateAsSelect, Topic, bool]:
    """Return the statement with its topic spelled out, the topic, and whether that is still to be created.

    It is as the topic of the (left) source, unless WITH says otherwise. A window's RETENTION keeps records
    longer without being shown.
    """
    name = get(statement, "KAFKA_TOPIC") or statement.name
    _check_policy(statement)
    wanted = _wanted(statement, name, source, _sink_policy(statement))
    completed = with_(
        statement,
        CLEANUP_POLICY=wanted.cleanup_policy,
        KAFKA_TOPIC=name,
        PARTITIONS=wanted.partitions,
        REPLICAS=wanted.replicas,
        RETENTION_MS=wanted.retention_ms,
    )
    wanted = replace(wanted, retention_ms=max(wanted.retention_ms, _window_retention_ms(statement)))
    existing = world.topics.find(name)
    _check_shape(existing, wanted, statement)
    return completed, wanted, existing is None


@contextmanager
def made(topic: Topic, is_new: bool, world: World) -> Iterator[None]:
    """Create a topic if it is new; it goes again when what needs it is refused."""
    if is_new:
        world.topics.create(topic)
    try:
        yield
    except KsqlError:
        if is_new:
            world.topics.delete(topic.name)
        raise


def _check_policy(statement: Create) -> None:
    if get(statement, "CLEANUP_POLICY") is not None:
        raise BadRequest(
            "Invalid config variable in the WITH clause: CLEANUP_POLICY.\nThe CLEANUP_POLICY config is "
            "automatically inferred based on the type of source (STREAM or TABLE).\nUsers can't set the "
            "CLEANUP_POLICY config manually."
        )


def _sink_policy(statement: CreateAsSelect) -> str:
    if statement.kind == "STREAM":
        return _DELETE
    return COMPACT if statement.query.window is None else _WINDOWED


def _window_retention_ms(statement: CreateAsSelect) -> int:
    window = statement.query.window
    if statement.kind == "STREAM" or window is None or window.retention is None:
        return -1
    return window.retention.milliseconds


def _wanted(statement: Create, name: str, like: Topic, policy: str) -> Topic:
    """Return what WITH asks for, and for the rest a topic like another one."""
    asked = (number(statement, each) for each in ("PARTITIONS", "REPLICAS", "RETENTION_MS"))
    partitions, replicas, retention = asked
    if policy == COMPACT and retention is not None:
        raise BadRequest(
            "Invalid config variable in the WITH clause: RETENTION_MS. Non-windowed tables do not support "
            "retention."
        )
    return Topic(
        name,
        like.partitions if partitions is None else partitions,
        like.replicas if replicas is None else replicas,
        like.retention_ms if retention is None else retention,
        policy,
    )


def _check_shape(existing: Topic | None, wanted: Topic, statement: Create) -> None:
    """Refuse a topic that cannot be made, or that is there in another shape.

    It may have more replicas and any cleanup policy; how long it keeps records matters only where they are
    to be deleted.
    """
    if existing is None:
        _check_new(wanted, statement)
        return
    compacted = wanted.cleanup_policy == COMPACT
    fits = existing.partitions == wanted.partitions and existing.replicas >= wanted.replicas
    if fits and (compacted or existing.retention_ms == wanted.retention_ms):
        return
    what, kept = "partition/replica", "."
    if not compacted:
        what += "/retention"
        kept = f", and {wanted.retention_ms} retention (topic has {existing.retention_ms})."
    raise ServerProblem(
        f"A Kafka topic with the name '{existing.name}' already exists, with different {what} configuration "
        f"than required. KSQL expects {wanted.partitions} partitions (topic has {existing.partitions}), "
        f"{wanted.replicas} replication factor (topic has {existing.replicas}){kept}",
        statement.text,
    )


def _check_new(wanted: Topic, statement: Create) -> None:
    if wanted.partitions <= 0:
        raise ServerProblem(
            f"Failed to guarantee existence of topic {wanted.name}\nCaused by: Number of partitions was set "
            "to an invalid non-positive value.",
            statement.text,
        )


def _no_topic(statement: CreateSource, name: str) -> str:
    example = format_statement(with_(statement, PARTITIONS=_EXAMPLE_PARTITIONS))
    return (
        f"Topic '{name}' does not exist. If you want to create a new topic for the stream/table please "
        "re-run the statement providing the required 'PARTITIONS' configuration in the WITH clause (and "
        f"optionally 'REPLICAS'). For example: {example}"
    )
