"""Plans connectors: create, reconfigure, restart what failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from macd.clients.connect import Connect, ConnectorStatus
from macd.plan.changes import Blocked, Change, Create, Delete, NoOp, Plan, Restart, Update
from macd.plan.ledger import Part, made_of, names
from macd.specs.models import ConnectorSpec, PipelineSpec
from macd.specs.services import resolve_connector_config


def plan_connectors(pipeline: PipelineSpec, connect: Connect, environment: Mapping[str, str]) -> Plan:
    """What has to happen so that every connector runs with the configuration of include/connectors."""

    def wanted(spec: ConnectorSpec) -> dict[str, str]:
        return {**spec.config, **resolve_connector_config(pipeline.target, environment)}

    return Plan.of(_change(spec, partial(wanted, spec), connect) for spec in pipeline.connectors)


def plan_connector_removal(pipeline: PipelineSpec, connect: Connect, orphans: Collection[Part] = ()) -> Plan:
    """Deletes the pipeline's connectors and those that it no longer declares; what they wrote stays."""
    existing = set(connect.connectors())
    wanted = (*names(made_of(orphans), "connector"), *(spec.name for spec in pipeline.connectors))
    return Plan.of(
        Delete(f"connector {name}", (), partial(connect.delete, name)) for name in wanted if name in existing
    )


def _change(spec: ConnectorSpec, wanted: Callable[[], dict[str, str]], connect: Connect) -> Change:
    resource = f"connector {spec.name}"
    actual = connect.config(spec.name)
    # Filled in anew when it is sent: a plan keeps no secret.
    put = _Put(spec.name, wanted, connect)
    differing = None if actual is None else connect.differing(actual, wanted())
    if differing == ():
        return _restart(resource, connect.status(spec.name), connect, put)
    # Connect wants the name in the configuration that it validates, and adds it to the one that it keeps.
    complaints = connect.complaints({"name": spec.name, **wanted()})
    if complaints:
        return Blocked(
            resource,
            reason=f"the plugin refuses its configuration: {'; '.join(complaints)}.",
            remedy=f"Correct include/connectors/{spec.name}.json or connector_config of the target.",
        )
    if differing is None:
        return Create(resource, (f"{', '.join(spec.topics)} -> {spec.database}.{spec.collection}",), put)
    return Update(resource, differing, put)


class _Put:
    """Sends a connector's configuration."""

    def __init__(self, name: str, wanted: Callable[[], dict[str, str]], connect: Connect) -> None:
        self._name, self._wanted, self._connect = name, wanted, connect

    def __call__(self) -> None:
        self._connect.put_config(self._name, self._wanted())


def _restart(resource: str, status: ConnectorStatus | None, connect: Connect, put: _Put) -> Change:
    if status is None or not status.failed:
        return NoOp(resource)
    details = [f"task {task.task} failed: {task.trace}" for task in status.failures]
    if status.trace:
        details.append(status.trace)
    restart = partial(connect.restart_failed, status.name)
    if not connect.hides_secrets:
        return Restart(resource, ("restart", *details), restart)
    return Restart(resource, ("restart, its secrets sent again", *details), partial(_again, put, restart))


def _again(put: _Put, restart: Callable[[], None]) -> None:
    """The reason of the failure may be a secret that has changed, which no comparison shows."""
    put()
    restart()
