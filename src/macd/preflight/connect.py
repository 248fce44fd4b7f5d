"""Kafka Connect: can it be reached, is the plugin there, would it take the configuration."""

from __future__ import annotations

from functools import partial

from macd.clients.connect import KafkaConnect
from macd.preflight import common
from macd.preflight.result import Answer, Check, counted, failed, ok, warning
from macd.preflight.scene import Scene
from macd.specs import resolve_connector_config

SERVICE = "Kafka Connect"
PLUGIN = "MongoDB sink"
_CORRECT = "Correct include/connectors, the target's connector_config, or what the plugin cannot reach."
_CANNOT_CONNECT = "Unable to connect to the server"
# Fields of which a managed sink makes a URI, user:password@host, without encoding them: Confluent's template
# (docs/cloud.md names it). These mean something in a URI; a backslash is refused by the service itself.
_IN_A_URI = ("connection.user", "connection.password")
_MEANS_SOMETHING = "@:/?%\\"


def checks(scene: Scene) -> list[Check]:
    """In the order in which they depend on each other."""
    connect = scene.pipeline.connect
    return [
        Check("access", partial(_access, scene), essential=True),
        Check("plugin", partial(_plugin, scene)),
        Check("create connectors", partial(_validate, scene)),
        *(_of_a_worker(scene, connect) if isinstance(connect, KafkaConnect) else _of_managed(scene)),
    ]


def _of_a_worker(scene: Scene, connect: KafkaConnect) -> list[Check]:
    """What only a worker of one's own has: managed connectors run somewhere, in some version."""
    return [
        common.same_cluster(scene, lambda: connect.worker().kafka_cluster_id),
        common.version(scene, SERVICE, lambda: connect.worker().version),
        common.version(scene, PLUGIN, partial(_plugin_version, scene), "plugin version"),
        common.clock(scene, connect.server_time, common.HTTP_DATE_RESOLUTION_S),
    ]


def _of_managed(scene: Scene) -> list[Check]:
    """What only managed connectors have: nobody else fills a URI in for them."""
    return [Check("login in a URI", partial(_login, scene))]


def _login(scene: Scene) -> Answer:
    """Says which characters would be misread, never more of the login than those."""
    config = resolve_connector_config(scene.pipeline.spec.target, scene.pipeline.environment)
    misread = [
        f"{' '.join(found)} in {field}"
        for field in _IN_A_URI
        if (found := [sign for sign in _MEANS_SOMETHING if sign in config.get(field, "")])
    ]
    if misread:
        return warning(
            f"the managed sink puts it into a URI as it is, where these mean more: {'; '.join(misread)}",
            "Give the MongoDB user of the sink a password of letters, digits, '-', '_' and '.'.",
        )
    return ok("nothing in it means something else in a URI")


def _access(scene: Scene) -> Answer:
    return ok(counted(len(scene.pipeline.connect.connectors()), "connector"))


def _plugin(scene: Scene) -> Answer:
    installed = scene.pipeline.connect.plugins()
    missing = sorted(_classes(scene) - set(installed))
    if missing:
        return failed(
            f"not installed: {', '.join(missing)}",
            "Put the connector's jar into a folder of the worker's plugin.path and restart the worker.",
        )
    return ok(", ".join(sorted(name.rpartition(".")[2] for name in _classes(scene))))


def _plugin_version(scene: Scene) -> str | None:
    installed = scene.pipeline.connect.plugins()
    return next((installed[name] for name in sorted(_classes(scene)) if name in installed), None)


def _validate(scene: Scene) -> Answer:
    """The plugin checks the configuration, its way to MongoDB included, and no connector is made."""
    pipeline = scene.pipeline
    extra = resolve_connector_config(pipeline.spec.target, pipeline.environment)
    complaints = [
        f"{spec.name}: {complaint}"
        for spec in pipeline.spec.connectors
        for complaint in pipeline.connect.complaints({"name": spec.name, **spec.config, **extra})
    ]
    if complaints:
        told = f"the plugin refuses the configuration: {'; '.join(complaints)}"
        # What it says while MongoDB is down; anything else stays wrong until somebody corrects it.
        may_pass = all(_CANNOT_CONNECT in complaint for complaint in complaints)
        return failed(told, _CORRECT, may_pass=may_pass)
    return ok("the plugin accepts the configuration")


def _classes(scene: Scene) -> set[str]:
    return {spec.config["connector.class"] for spec in scene.pipeline.spec.connectors}
