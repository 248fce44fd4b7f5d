"""ksqlDB: can it be reached, is it well, does it run statements and see Kafka's topics."""

from __future__ import annotations

from functools import partial

from macd.clients.ksqldb import DENY_LIST, FROM_THE_START
from macd.preflight import common
from macd.preflight.result import Answer, Check, cannot_tell, failed, ok
from macd.preflight.scene import Scene

SERVICE = "ksqlDB"
_DENIED = (
    f"`macd apply` would stop there. Take it off the server's {DENY_LIST} (a managed server: ask Confluent's "
    "support)"
)
_SET = ", or take the SET out of the file; docs/cloud.md (What differs) says what figures then miss."


def checks(scene: Scene) -> list[Check]:
    """In the order in which they depend on each other."""
    ksqldb = scene.pipeline.ksqldb
    return [
        Check("access", partial(_access, scene), essential=True),
        Check("health", partial(_health, scene)),
        Check("run statements", partial(_statements, scene)),
        Check("settings", partial(_settings, scene)),
        common.same_cluster(scene, lambda: ksqldb.server().kafka_cluster_id),
        common.version(scene, SERVICE, ksqldb.server_version),
        common.clock(scene, partial(ksqldb.server_time, "/info"), common.HTTP_DATE_RESOLUTION_S),
    ]


def _access(scene: Scene) -> Answer:
    server = scene.pipeline.ksqldb.server()
    if server.state != "RUNNING":
        return failed(f"its state is {server.state}", "Wait until it runs.", may_pass=True)
    return ok(f"state {server.state}")


def _health(scene: Scene) -> Answer:
    unwell = scene.pipeline.ksqldb.unhealthy_parts()
    if unwell:
        return failed(f"not well by its own account: {', '.join(unwell)}", "Read its log.", may_pass=True)
    return ok("well by its own account")


def _statements(scene: Scene) -> Answer:
    """Listing is the one statement that changes nothing; it needs the rights to the API and to Kafka."""
    sources, topics = scene.pipeline.ksqldb.source_names(), scene.pipeline.ksqldb.topic_names()
    unseen = sorted(_existing_topics(scene) - topics)
    if unseen:
        return failed(
            f"it does not see the topics {', '.join(unseen)}",
            "Give ksqlDB's own Kafka account the ACLs to describe, read and write them.",
        )
    return ok(f"lists {len(sources)} streams and tables, {len(topics)} topics")


def _settings(scene: Scene) -> Answer:
    """Whether the server takes what the statements are sent with; a managed one may forbid it."""
    wanted = _wanted_settings(scene)
    allowed = {name: scene.pipeline.ksqldb.may_set(name) for name in wanted}
    denied = [name for name, may_set in allowed.items() if may_set is False]
    if denied:
        told = "; nor ".join(f"{name}, which {wanted[name]} does" for name in denied)
        # What the client sends with every statement stands in no file.
        remedy = _DENIED + ("." if FROM_THE_START.keys() & denied else _SET)
        return failed(f"it lets no client set {told}", remedy)
    if None in allowed.values():
        remedy = f"If `macd apply` is refused with a word of prohibited properties: {_DENIED}{_SET}"
        return cannot_tell("it does not tell which properties a client may set", remedy)
    return ok(f"a client may set what statements need ({len(allowed)})")


def _wanted_settings(scene: Scene) -> dict[str, str]:
    """Each property, and who sets it."""
    files = {
        name: f"include/ksql/{statement.file}"
        for statement in scene.pipeline.spec.statements
        for name in statement.properties
    }
    return dict.fromkeys(FROM_THE_START, "every statement of include/ksql") | files


def _existing_topics(scene: Scene) -> set[str]:
    """Those of the pipeline; none when Kafka does not answer, which its own checks tell."""
    if scene.cluster_id() is None:
        return set()
    return set(scene.pipeline.kafka.topics([topic.name for topic in scene.pipeline.spec.topics]))
