"""The steps that make the pipeline, change it and take it away again."""

from __future__ import annotations

from dataclasses import replace

from ksqlflink.dialect import ast, format_statement, parse_one
from ksqlflink.dialect.statements import CreateAsSelect
from macd.acceptance.names import Names, taken
from macd.acceptance.step import Facts, hold
from macd.acceptance.waiting import wait_until_deployed
from macd.acceptance.world import World
from macd.errors import AcceptanceFailed, AcceptanceRefused, PlanBlocked, SpecError
from macd.pipeline import Pipeline
from macd.plan import Blocked
from macd.preflight.report import raise_for_failures
from macd.preflight.run import run_preflight
from macd.specs.models import PipelineSpec, StatementSpec


def preflight(world: World) -> Facts:
    """Every service answers and is fit for the pipeline."""
    report = run_preflight(world.pipeline, world.rules, allow_region_mismatch=world.allow_region_mismatch)
    raise_for_failures(report)
    return [report.verdict]


def names_are_free(world: World) -> Facts:
    """Nothing on the target has a name that the pipeline would use."""
    found = taken(world.pipeline)
    if found:
        raise AcceptanceRefused(
            f"The target {world.pipeline.spec.target.name} holds already: {', '.join(found)}.",
            remedy="The kit would change and remove them. Use a target without the pipeline, or remove it "
            "first: the DAG macd_teardown with delete_documents, or `macd destroy` and drop the collections.",
        )
    world.before = Names.look(world.pipeline)
    topics, subjects = len(world.before.topics), len(world.before.subjects)
    return [f"{topics} topics and {subjects} subjects of others stay as they are"]


def plan(world: World) -> Facts:
    """On an empty target nothing is blocked; looking makes nothing."""
    found = world.pipeline.plan()
    hold(not found.blocked, f"Blocked on an empty target: {found.render()}", "See `macd plan`.")
    made = ", ".join(taken(world.pipeline))
    hold(not made, f"While it was planned, this came into being: {made}.", "Is somebody deploying as well?")
    return [f"{len(found.pending)} changes, none blocked"]


def apply(world: World) -> Facts:
    """Everything is made, every query and every connector's task runs."""
    found = world.pipeline.plan()
    world.begun = True
    world.pipeline.apply(found, lambda change: world.say(f"done: {change.resource}"))
    wait_until_deployed(world.pipeline, world)
    return [f"{len(found.pending)} changes made, all queries and connectors run"]


def apply_again(world: World) -> Facts:
    """A second apply finds nothing to do."""
    found = world.pipeline.plan()
    pending = "; ".join(change.render() for change in found.pending)
    hold(not found.pending, f"A second apply would do this: {pending}.", "Compare include/ with the service.")
    world.pipeline.apply(found)
    return [f"{len(found.changes)} of {len(found.changes)} parts are as they should be"]


def change_statement(world: World) -> Facts:
    """A changed join is blocked with what it would lose, and replaced with its readers when told to."""
    statement = joining(world.pipeline.spec)
    changed = world.with_spec(with_statement(world.pipeline.spec, with_longer_grace(statement)))
    resource = f"{statement.kind} {statement.source}"
    refuses(changed, resource)
    hold(
        not world.pipeline.plan().pending,
        "An apply that was refused has changed something.",
        "See `macd plan`; this is a defect of the package.",
    )
    replacing = changed.plan(replace_streams=True)
    world.pipeline = changed
    changed.apply(replacing, lambda change: world.say(f"done: {change.resource}"))
    wait_until_deployed(changed, world)
    dropped = sum(change.action == "delete" for change in replacing.changes)
    return [f"{resource} was blocked, then replaced with {dropped - 1} that read it"]


def refuses(pipeline: Pipeline, resource: str) -> Blocked:
    """Holds when of the pipeline's plan this alone is blocked, and applying it is refused."""
    found = pipeline.plan()
    blocked = [change.resource for change in found.blocked]
    told = f"{resource} alone has to be blocked, but what is blocked is {', '.join(blocked) or 'nothing'}."
    hold(blocked == [resource], told, "See `macd plan`.")
    try:
        pipeline.apply(found)
    except PlanBlocked:
        return found.blocked[0]
    raise AcceptanceFailed(f"{resource} was blocked and applied nevertheless.", remedy="Report it.")


def joining(pipeline: PipelineSpec) -> StatementSpec:
    """The first statement that joins within a time."""
    for statement in pipeline.queries:
        if any(join.within for join in _query(statement).query.joins):
            return statement
    raise SpecError("include/ksql holds no join WITHIN a time.", remedy="The kit changes such a statement.")


def with_longer_grace(statement: StatementSpec) -> StatementSpec:
    """The same join with a grace period one unit longer, which changes none of its rows."""
    create = _query(statement)
    joins = tuple(replace(join, within=_longer(join.within)) for join in create.query.joins)
    changed = replace(create, query=replace(create.query, joins=joins))
    return statement.model_copy(update={"sql": format_statement(changed)})


def with_statement(pipeline: PipelineSpec, changed: StatementSpec) -> PipelineSpec:
    """The pipeline with one statement in place of the one that makes the same source."""
    statements = tuple(changed if each.source == changed.source else each for each in pipeline.statements)
    return pipeline.model_copy(update={"statements": statements})


def _query(statement: StatementSpec) -> CreateAsSelect:
    create = parse_one(statement.sql)
    if not isinstance(create, CreateAsSelect):
        raise SpecError(f"include/ksql/{statement.file} holds no query.", remedy="Add AS SELECT ...")
    return create


def _longer(within: ast.Within | None) -> ast.Within | None:
    if within is None:
        return None
    grace = within.grace or within.after
    return replace(within, grace=replace(grace, amount=grace.amount + 1))
