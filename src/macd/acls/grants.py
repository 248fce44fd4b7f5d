"""Turns an account's rules into grants on named resources, with the names of the pipeline's own files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from macd.specs.acls import SERVICE_ID, AclRule, AclSpec, Operation, Pattern, Resource, Source
from macd.specs.models import PipelineSpec

# Kafka's name for the one resource of kind cluster.
CLUSTER = "kafka-cluster"
# A managed sink reads as connect-<its id>, and it gets its id when it is made:
# https://docs.confluent.io/cloud/current/connectors/service-account.html
MANAGED_GROUPS = "connect-lcc-"


class Grant(NamedTuple):
    """Operations that an account may do on one named resource (or on all that begin with the name)."""

    resource: Resource
    name: str
    pattern: Pattern
    operations: tuple[Operation, ...]


def grants(account: AclSpec, pipeline: PipelineSpec, service_id: str) -> tuple[Grant, ...]:
    """One grant a resource, in the order of the rules; several rules for one resource are merged.

    `service_id` begins the names of the ksqlDB server's own topics and groups.
    """
    merged: dict[tuple[Resource, str, Pattern], set[Operation]] = {}
    for rule in _that_apply(account.rules, pipeline):
        for name, pattern in _names(rule, pipeline, service_id):
            merged.setdefault((rule.resource, name, pattern), set()).update(rule.operations)
    return tuple(Grant(*resource, tuple(sorted(operations))) for resource, operations in merged.items())


def _that_apply(rules: Iterable[AclRule], pipeline: PipelineSpec) -> Iterable[AclRule]:
    kind = "managed" if pipeline.target.is_managed else "self_managed"
    return (rule for rule in rules if rule.only in (None, kind))


def _names(rule: AclRule, pipeline: PipelineSpec, service_id: str) -> Iterable[tuple[str, Pattern]]:
    if rule.of == "sink_groups" and pipeline.target.is_managed:
        return [(MANAGED_GROUPS, "prefixed")]
    if rule.of:
        return [(name, rule.pattern) for name in dict.fromkeys(_found(rule.of, pipeline))]
    return [((rule.name or CLUSTER).replace(SERVICE_ID, service_id), rule.pattern)]


def _found(source: Source, pipeline: PipelineSpec) -> Iterable[str]:
    connectors = pipeline.connectors
    match source:
        case "declared_topics":
            return (topic.name for topic in pipeline.topics)
        case "produced_topics":
            return (schema.subject.rpartition("-")[0] for schema in pipeline.schemas)
        case "query_input_topics":
            return (topic for query in pipeline.queries for topic in pipeline.topics_read(query))
        case "query_output_topics":
            return (query.topic for query in pipeline.queries)
        case "sink_topics":
            return (topic for connector in connectors for topic in connector.topics)
        case "repaired_topics":
            # Only lost orders are written again; what is derived from them follows by itself.
            return (topic for each in connectors if each.stores == "joined_orders" for topic in each.topics)
        case "dead_letter_topics":
            return (found for found in (each.dead_letter_topic for each in connectors) if found)
        case "sink_groups":
            # Kafka Connect reads as this group, so named in its class SinkUtils.
            return (f"connect-{connector.name}" for connector in connectors)
