"""`macd`: preflight, plan, apply, status, seed, verify, destroy, acceptance, run, alerts, local and more."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from macd.cli import alerts, compose, local
from macd.cli.acceptance import acceptance
from macd.cli.acls import acls
from macd.cli.alerts import mail
from macd.cli.data import seed, verify
from macd.cli.output import AsJson, out, print_change, print_error, print_json, print_notes, print_plan
from macd.cli.preflight import preflight
from macd.cli.repair import dead_letters, repair
from macd.cli.run import run
from macd.cli.status import status
from macd.errors import DriftFound, MacdError
from macd.pipeline import Pipeline
from macd.plan import Plan, plan_when_running
from macd.settings import Settings

app = typer.Typer(
    help="Run the Kafka -> ksqlDB -> MongoDB pipeline and prove that nothing was lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(local.app, name="local")
app.add_typer(alerts.app, name="alerts")
app.add_typer(compose.app, name="compose")
for command in (preflight, acls, run, seed, verify, status, repair, dead_letters, acceptance, mail):
    app.command()(command)

ReplaceStreams = Annotated[
    bool, typer.Option(help="Drop and recreate streams whose statement changed, with what reads them.")
]

Prune = Annotated[
    bool, typer.Option(help="Remove what an earlier apply made and include/ no longer declares.")
]


@app.command()
def plan(
    as_json: AsJson = False,
    fail_on_drift: Annotated[bool, typer.Option(help="Exit with 8 when something would change.")] = False,
    replace_streams: ReplaceStreams = False,
    prune: Prune = False,
) -> None:
    """Show what `apply` would change. Changes nothing."""
    pipeline = Pipeline.load(Settings())
    print_notes(pipeline.spec.notes)
    found = pipeline.plan(replace_streams=replace_streams, prune=prune)
    if as_json:
        print_json([change.as_dict() for change in found.changes])
    else:
        print_plan(found)
    if fail_on_drift and found.pending:
        raise DriftFound(f"{len(found.pending)} resources differ from include/.", remedy=_next(found))


@app.command()
def apply(as_json: AsJson = False, replace_streams: ReplaceStreams = False, prune: Prune = False) -> None:
    """Make the services as include/ says: topics, schemas, streams, connectors."""
    pipeline = Pipeline.load(Settings())
    print_notes(pipeline.spec.notes)
    plan = partial(pipeline.plan, replace_streams=replace_streams, prune=prune)
    found = plan_when_running(pipeline.spec, pipeline.ksqldb, plan)
    if not as_json:
        print_plan(found)
    pipeline.apply(found, lambda change: None if as_json else out.print(f"done: {change.resource}"))
    if as_json:
        print_json([change.as_dict() for change in found.changes])
    elif found.orphans:
        out.print(
            f"left alone: {len(found.orphans)} not declared any more; "
            "`macd apply --prune` removes what apply made, and forgets the others"
        )


@app.command()
def destroy(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove connector, streams, schemas and topics with all their records. MongoDB keeps its documents."""
    pipeline = Pipeline.load(Settings())
    found = pipeline.plan_removal()
    print_plan(found)
    if len(found.pending) == len(found.unknown):  # nothing is to be removed
        return
    if not yes:
        typer.confirm("Remove all of this?", abort=True)
    pipeline.remove(found, print_change)


def _next(plan: Plan) -> str:
    """What brings the services back to what include/ says."""
    if plan.unknown:
        return "Start MongoDB, which keeps what was made, and plan again."
    return "Run `macd apply --prune`." if plan.orphans else "Run `macd apply`."


def main() -> None:
    """Runs the CLI; an expected failure prints its remedy and exits with its own code."""
    try:
        app()
    except MacdError as error:
        print_error(error)
        sys.exit(error.exit_code)
