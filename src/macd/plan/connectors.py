"""Plans connectors: create, reconfigure, restart what failed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from macd.clients.connect import ConnectorStatus, KafkaConnect
from macd.plan.changes import Blocked, Change, Create, Delete, NoOp, Plan, Update
from macd.specs.models import ConnectorSpec, PipelineSpec
from macd.specs.services import resolve_connector_config


def plan_connectors(pipeline: PipelineSpec, connect: KafkaConnect, environment: Mapping[str, str]) -> Plan:
    """What has to happen so that every connector runs with the configuration of include/connectors."""
    extra = resolve_connector_config(pipeline.target, environment)
    return Plan.of(_change(spec, {**spec.config, **extra}, connect) for spec in pipeline.connectors)


def plan_connector_removal(pipeline: PipelineSpec, connect: KafkaConnect) -> Plan:
    """Deletes the pipeline's connectors; what they wrote stays."""
    existing = set(connect.connectors())
    return Plan.of(
        Delete(f"connector {spec.name}", (), partial(connect.delete, spec.name))
        for spec in pipeline.connectors
        if spec.name in existing
    )


def _change(spec: ConnectorSpec, config: dict[str, str], connect: KafkaConnect) -> Change:
    resource = f"connector {spec.name}"
    actual = connect.config(spec.name)
    if actual is not None and _without_name(actual) == config:
        return _restart(resource, connect.status(spec.name), connect)
    # Connect wants the name in the configuration that it validates, and adds it to the one that it keeps.
    complaints = connect.complaints({"name": spec.name, **config})
    if complaints:
        return Blocked(
            resource,
            reason=f"the plugin refuses its configuration: {'; '.join(complaints)}.",
            remedy=f"Correct include/connectors/{spec.name}.json or connector_config of the target.",
        )
    put = partial(connect.put_config, spec.name, config)
    if actual is None:
        return Create(resource, (f"{', '.join(spec.topics)} -> {spec.database}.{spec.collection}",), put)
    return Update(resource, _changed_keys(_without_name(actual), config), put)


def _restart(resource: str, status: ConnectorStatus | None, connect: KafkaConnect) -> Change:
    if status is None or not (status.failures or status.state == "FAILED"):
        return NoOp(resource)
    details = tuple(f"task {task.task} failed: {task.trace}" for task in status.failures)
    return Update(resource, ("restart", *details), partial(connect.restart_failed, status.name))


def _without_name(config: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in config.items() if key != "name"}


def _changed_keys(actual: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[str, ...]:
    """The names only: a value may be a secret that somebody else put there."""
    return tuple(key for key in sorted({*actual, *wanted}) if actual.get(key) != wanted.get(key))
