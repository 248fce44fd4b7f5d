"""Plans subjects: register, evolve where the registry agrees, block where it does not."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from fastavro.schema import to_parsing_canonical_form

from macd.clients.registry import RegisteredSchema, SchemaRegistry, Verdict
from macd.plan.changes import Blocked, Change, Create, Delete, NoOp, Plan, Update
from macd.plan.ledger import Part, adopted_of, made_of, names, subjects_of
from macd.specs.models import PipelineSpec, SchemaSpec


def plan_schemas(pipeline: PipelineSpec, registry: SchemaRegistry) -> Plan:
    """What has to happen so that every subject's latest version is the file in include/schemas."""
    changes: list[Change] = []
    for schema in pipeline.schemas:
        level = pipeline.target.compatibility_of(schema.subject)
        changes.append(_version(schema, registry.latest(schema.subject), level, registry))
        changes.append(_compatibility(schema, level, registry))
    return Plan.of(changes)


def plan_schema_removal(
    pipeline: PipelineSpec, registry: SchemaRegistry, orphans: Collection[Part] = ()
) -> Plan:
    """Deletes the pipeline's subjects, those of topics that ksqlDB writes included, and its orphans."""
    topics = {topic.name for topic in pipeline.topics} | set(names(made_of(orphans), "topic"))
    own = subjects_of(topics).union(names(made_of(orphans), "subject"))
    own.difference_update(names(adopted_of(orphans), "subject"))
    subjects = [name for name in registry.subjects() if name in own]
    return Plan.of(
        Delete(f"subject {name}", ("every version",), partial(registry.delete, name)) for name in subjects
    )


def _version(
    schema: SchemaSpec, actual: RegisteredSchema | None, level: str, registry: SchemaRegistry
) -> Change:
    resource = f"subject {schema.subject}"
    register = partial(registry.register, schema.subject, schema.definition)
    if actual is None:
        details = (f"{len(schema.definition['fields'])} fields",)
        return Create(resource, details, partial(_first, schema, level, registry))
    if actual.definition == schema.definition:
        return NoOp(resource, (f"version {actual.version}",))
    verdict = registry.check(schema.subject, schema.definition)
    if not verdict.compatible:
        return Blocked(
            resource,
            reason=f"not compatible with version {actual.version} ({level}): {_reasons(verdict)}.",
            remedy="Give new fields a default and keep the others; or use a new topic with its own subject; "
            "or, if every reader can cope, set subject_compatibility in the target for this one change.",
        )
    meaning = "documentation only" if _same_meaning(actual, schema) else f"compatible ({level})"
    return Update(resource, (f"version {actual.version} -> {actual.version + 1}", meaning), register)


def _first(schema: SchemaSpec, level: str, registry: SchemaRegistry) -> None:
    """On Apicurio a version stays hidden where a removal was killed that had only hidden the subject.

    Confluent's registry, which has modes, may be one of several that hears of it a little later.
    """
    registry.register(schema.subject, schema.definition)
    if registry.latest(schema.subject) is None and registry.mode() is None:
        registry.delete(schema.subject)
        registry.register(schema.subject, schema.definition)
        registry.set_compatibility(schema.subject, level)


def _reasons(verdict: Verdict) -> str:
    return "; ".join(verdict.reasons) or "the registry names no reason"


def _same_meaning(actual: RegisteredSchema, schema: SchemaSpec) -> bool:
    return to_parsing_canonical_form(actual.definition) == to_parsing_canonical_form(schema.definition)


def _compatibility(schema: SchemaSpec, level: str, registry: SchemaRegistry) -> Change:
    resource = f"compatibility of {schema.subject}"
    actual = registry.compatibility(schema.subject)
    if actual == level:
        return NoOp(resource, (level,))
    apply = partial(registry.set_compatibility, schema.subject, level)
    return Update(resource, (f"{actual or '(global default)'} -> {level}",), apply)
