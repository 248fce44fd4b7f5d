"""`macd repair` and `macd dead-letters`: bring back what did not arrive."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from macd.cli.output import err, out
from macd.pipeline import Pipeline
from macd.quality.verify import raise_for_failures, verify_run
from macd.repair.dead_letters import MOST_ATTEMPTS
from macd.repair.replay import classify_dead_letters, replay_dead_letters
from macd.repair.resink import resink_run, survey_run
from macd.repair.table import render
from macd.settings import Settings

VERIFY_DEADLINE_S = 120.0


def repair(
    run_id: str,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write them again; without it they are only listed.")
    ] = False,
    altered: Annotated[bool, typer.Option(help="Also orders whose document is not as produced.")] = False,
) -> None:
    """Write the orders of a run again that were joined but are not in MongoDB."""
    pipeline = Pipeline.load(Settings())
    survey = survey_run(run_id, pipeline.spec, pipeline.services, say=err.print)
    for line in (*survey.examples, *survey.elsewhere, survey.verdict(altered=altered)):
        typer.echo(line)
    if not yes:
        return
    done = resink_run(run_id, pipeline.spec, pipeline.services, altered=altered, say=err.print)
    typer.echo(done.verdict)
    report = verify_run(run_id, pipeline.spec, pipeline.services, VERIFY_DEADLINE_S, err.print)
    out.print(report.verdict, soft_wrap=True)
    raise_for_failures(report)


def dead_letters(
    replay: Annotated[
        bool, typer.Option("--replay", help="Replay those that were only skipped; without it all are listed.")
    ] = False,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Look again at what an earlier replay has passed over.")
    ] = False,
    most_attempts: Annotated[
        int, typer.Option(min=1, max=100, help="How often an order is replayed at most.")
    ] = MOST_ATTEMPTS,
) -> None:
    """List the dead letters by what can become of them, and replay those that were only skipped."""
    pipeline = Pipeline.load(Settings())
    found = classify_dead_letters(
        pipeline.spec, pipeline.services, from_beginning=from_beginning, most_attempts=most_attempts
    )
    typer.echo(render(found))
    if not replay:
        return
    done = replay_dead_letters(
        pipeline.spec,
        pipeline.services,
        attempt_id=f"cli-{uuid4()}",
        from_beginning=from_beginning,
        most_attempts=most_attempts,
        say=err.print,
    )
    typer.echo(done.verdict)
    for run_id in found.runs:
        typer.echo(f"verify it again with `macd verify {run_id}`")
