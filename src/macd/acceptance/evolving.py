"""The steps that bring a new version of the orders' schema."""

from __future__ import annotations

from typing import Any

from macd.acceptance.deploying import refuses
from macd.acceptance.runs import seeded, verified
from macd.acceptance.step import Facts, hold
from macd.acceptance.waiting import wait_until_deployed
from macd.acceptance.world import World
from macd.producer.parameters import SeedParameters
from macd.producer.route import route_of
from macd.specs.models import PipelineSpec

OLD, NEW = "schema-1", "schema-2"
# As in docs/examples/macd_orders-value.v2.avsc; the producer fills it.
OPTIONAL = {"name": "order_channel", "type": ["null", "string"], "default": None}
# Without a default nobody who has it can read what was written before.
REQUIRED = {"name": "restaurant_id", "type": "string"}


def new_version(world: World) -> Facts:
    """A compatible version is registered, and producers of both versions write at once."""
    before = world.pipeline
    subject = _subject(before.spec)
    after = world.with_spec(with_field(before.spec, OPTIONAL))
    planned = after.plan()
    hold(
        [change.resource for change in planned.pending] == [f"subject {subject}"] and not planned.blocked,
        f"A new version of {subject} is planned as: {planned.render()}",
        "See docs/schema-evolution.md.",
    )
    after.apply(planned)
    world.pipeline = after
    wait_until_deployed(after, world)
    parameters = SeedParameters(orders=world.orders)
    for name, version in ((NEW, after), (OLD, before)):
        seeded(world, world.run_id(name), parameters, version)
    reports = [verified(world, world.run_id(name)) for name in (NEW, OLD)]
    return [planned.pending[0].render(), *(report.verdict for report in reports)]


def incompatible_version(world: World) -> Facts:
    """A version that old records cannot be read with is refused, with the registry's reason."""
    subject = _subject(world.pipeline.spec)
    wrong = world.with_spec(with_field(world.pipeline.spec, REQUIRED))
    latest = world.pipeline.registry.latest(subject)
    blocked = refuses(wrong, f"subject {subject}")
    hold(
        world.pipeline.registry.latest(subject) == latest,
        f"A version of {subject} that was refused is registered nevertheless.",
        "Report it.",
    )
    return [blocked.reason]


def with_field(pipeline: PipelineSpec, field: dict[str, Any]) -> PipelineSpec:
    """The pipeline with one more field in the orders' schema."""
    subject = _subject(pipeline)
    schemas = tuple(
        each.model_copy(update={"definition": _longer(each.definition, field)})
        if each.subject == subject
        else each
        for each in pipeline.schemas
    )
    return pipeline.model_copy(update={"schemas": schemas})


def _longer(definition: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "fields": [*definition["fields"], field]}


def _subject(pipeline: PipelineSpec) -> str:
    return f"{route_of(pipeline).orders_topic}-value"
