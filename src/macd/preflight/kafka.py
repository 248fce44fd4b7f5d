"""Kafka: can it be reached, may topics be created, read and written."""

from __future__ import annotations

from functools import partial

from confluent_kafka.admin import AclOperation

from macd.errors import RequestRejected
from macd.plan.topics import wanted_topics
from macd.preflight.result import Answer, Check, cannot_tell, counted, failed, ok
from macd.preflight.scene import Scene
from macd.producer.route import route_of

SERVICE = "Kafka"
# Every check reads, a plan compares and sets topic-level settings.
NEEDED = (AclOperation.READ, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS)
_ACLS = (
    "Give the account of macd_kafka the ACLs or the role for it (Confluent Cloud: DeveloperManage and up)."
)


def checks(scene: Scene) -> list[Check]:
    """In the order in which they depend on each other."""
    return [
        Check("access", partial(_access, scene), essential=True),
        Check("create topics", partial(_create, scene)),
        Check("use topics", partial(_use, scene)),
    ]


def _access(scene: Scene) -> Answer:
    found = scene.cluster()
    return ok(f"cluster {found.cluster_id}, {counted(found.brokers, 'broker')}")


def _create(scene: Scene) -> Answer:
    """The broker checks rights, partitions and replication as if it created them, and stops there."""
    wanted, kafka = wanted_topics(scene.pipeline.spec), scene.pipeline.kafka
    try:
        creatable = [topic.name for topic in wanted if kafka.validate(topic)]
    except RequestRejected as error:
        return failed(error.message, f"Correct include/topics, or the cluster. {error.remedy}")
    return ok(f"{len(creatable)} could be created, {len(wanted) - len(creatable)} exist")


def _use(scene: Scene) -> Answer:
    names = [topic.name for topic in scene.pipeline.spec.topics]
    allowed = scene.pipeline.kafka.operations(names)
    if not allowed:
        return cannot_tell("no topic exists yet, so none can be asked about", "Run it again once they exist.")
    told = {topic: found for topic, found in allowed.items() if found is not None}
    lacking = {topic: _lacking(scene, topic, found) for topic, found in told.items()}
    named = [f"{', '.join(missing)} on {topic}" for topic, missing in lacking.items() if missing]
    if named:
        return failed(f"not allowed: {'; '.join(named)}", _ACLS)
    if len(told) < len(allowed):
        return cannot_tell("the broker does not tell what this account may do", _ACLS)
    return ok(f"read, write and configure {len(allowed)} of {len(names)} topics")


def _lacking(scene: Scene, topic: str, found: frozenset[AclOperation]) -> list[str]:
    """What this account writes are the sources, and the joined topic in a repair; others write the rest."""
    route = route_of(scene.pipeline.spec)
    written = topic in (*route.sources, route.joined_topic)
    needed = (*NEEDED, AclOperation.WRITE) if written else NEEDED
    return [operation.name for operation in needed if operation not in found]
