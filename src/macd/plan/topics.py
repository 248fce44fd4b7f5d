"""Plans topics: create them and set their configuration; never repartition or re-replicate."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from macd.clients.kafka import KafkaAdmin, TopicState
from macd.plan.changes import Blocked, Change, Create, Delete, NoOp, Plan, Update
from macd.plan.ledger import Part, made_of, names
from macd.specs.models import PipelineSpec


def plan_topics(pipeline: PipelineSpec, kafka: KafkaAdmin) -> Plan:
    """What has to happen so that every topic is as include/topics says for the target."""
    wanted = wanted_topics(pipeline)
    actual = kafka.topics([topic.name for topic in wanted])
    return Plan.of(_change(topic, actual.get(topic.name), kafka) for topic in wanted)


def plan_topic_removal(pipeline: PipelineSpec, kafka: KafkaAdmin, orphans: Collection[Part] = ()) -> Plan:
    """Deletes the pipeline's topics and its orphans with everything in them."""
    actual = kafka.topics([*(topic.name for topic in pipeline.topics), *names(made_of(orphans), "topic")])
    return Plan.of(
        Delete(f"topic {name}", ("with all its records",), partial(kafka.delete, name)) for name in actual
    )


def wanted_topics(pipeline: PipelineSpec) -> list[TopicState]:
    """Every topic as include/topics wants it on the target."""
    target = pipeline.target.name
    settings = [(topic.name, topic.targets[target]) for topic in pipeline.topics]
    return [TopicState(name, s.partitions, s.replication_factor, s.config) for name, s in settings]


def _change(wanted: TopicState, actual: TopicState | None, kafka: KafkaAdmin) -> Change:
    resource = f"topic {wanted.name}"
    if actual is None:
        size = (f"{wanted.partitions} partitions", f"replication {wanted.replication_factor}")
        return Create(resource, size, partial(kafka.create, wanted))
    blocked = _blocked(resource, wanted, actual)
    if blocked is not None:
        return blocked
    details = tuple(_differences(wanted, actual))
    if not details:
        return NoOp(resource)
    return Update(resource, details, partial(_update, kafka, wanted, actual))


def _blocked(resource: str, wanted: TopicState, actual: TopicState) -> Blocked | None:
    if wanted.partitions != actual.partitions:
        return Blocked(
            resource,
            reason=f"it has {actual.partitions} partitions (wanted: {wanted.partitions}); Kafka takes none "
            "away, and adding some would part keys from the join's state.",
            remedy=f"Set partitions to {actual.partitions}, or destroy the pipeline and apply again.",
        )
    if wanted.replication_factor != actual.replication_factor:
        return Blocked(
            resource,
            reason=f"its replication factor is {actual.replication_factor} "
            f"(wanted: {wanted.replication_factor}) and only a partition reassignment changes that.",
            remedy="Reassign the partitions with Kafka's tool, or set replication_factor to what it is.",
        )
    return None


def _differences(wanted: TopicState, actual: TopicState) -> Iterator[str]:
    for key, value in wanted.config.items():
        if actual.config.get(key) != value:
            yield f"{key}: {actual.config.get(key, '(default)')} -> {value}"


def _update(kafka: KafkaAdmin, wanted: TopicState, actual: TopicState) -> None:
    changed = {key: value for key, value in wanted.config.items() if actual.config.get(key) != value}
    kafka.set_config(wanted.name, changed)
