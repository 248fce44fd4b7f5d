"""Schema Registry: can it be reached, may subjects be written, would it take the schemas."""

from __future__ import annotations

from functools import partial

from macd.preflight import common
from macd.preflight.result import Answer, Check, cannot_tell, counted, failed, ok
from macd.preflight.scene import Scene

SERVICE = "Schema Registry"


def checks(scene: Scene) -> list[Check]:
    """In the order in which they depend on each other."""
    registry = scene.pipeline.registry
    return [
        Check("access", partial(_access, scene), essential=True),
        Check("write subjects", partial(_write, scene)),
        Check("schemas fit", partial(_fit, scene)),
        common.version(scene, SERVICE, registry.server_version),
        common.clock(scene, partial(registry.server_time, "/subjects"), common.HTTP_DATE_RESOLUTION_S),
    ]


def _access(scene: Scene) -> Answer:
    return ok(counted(len(scene.pipeline.registry.subjects()), "subject"))


def _write(scene: Scene) -> Answer:
    """No registry says what an account may write, so this goes by its mode and by what is there already."""
    mode = scene.pipeline.registry.mode()
    if mode not in (None, "READWRITE"):
        return failed(f"its mode is {mode}", 'Set it to READWRITE: PUT /mode {"mode": "READWRITE"}.')
    shown = f"mode {mode}" if mode else "it knows no modes"
    if not _missing(scene):
        return ok(f"{shown}; every subject is registered already")
    if scene.pipeline.services.schema_registry.username is None:
        return ok(f"{shown}; it is used without credentials")
    return cannot_tell(
        f"{shown}; whether this account may register shows when it does",
        "Make sure that the key of macd_schema_registry has a role that writes (DeveloperWrite and up).",
    )


def _missing(scene: Scene) -> set[str]:
    return {schema.subject for schema in scene.pipeline.spec.schemas} - set(
        scene.pipeline.registry.subjects()
    )


def _fit(scene: Scene) -> Answer:
    registry, schemas, missing = scene.pipeline.registry, scene.pipeline.spec.schemas, _missing(scene)
    verdicts = {
        schema.subject: registry.check(schema.subject, schema.definition)
        for schema in schemas
        if schema.subject not in missing
    }
    refused = [
        f"{subject} ({'; '.join(verdict.reasons) or 'no reason given'})"
        for subject, verdict in verdicts.items()
        if not verdict.compatible
    ]
    if refused:
        remedy = "Give new fields of include/schemas a default and keep the others, or use a new topic."
        return failed(f"not compatible: {', '.join(refused)}", remedy)
    return ok(f"{len(verdicts)} compatible, {len(missing)} new")
