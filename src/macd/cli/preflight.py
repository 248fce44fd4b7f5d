"""`macd preflight`: whether the services are ready for the pipeline."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from macd.cli.output import AsJson, out, print_json, table
from macd.pipeline import Pipeline
from macd.preflight.report import PreflightReport, raise_for_failures
from macd.preflight.result import Outcome
from macd.preflight.rules import load_rules
from macd.preflight.run import run_preflight
from macd.settings import Settings

_COLOURS = {
    Outcome.OK: "green",
    Outcome.UNKNOWN: "yellow",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
}


def preflight(
    as_json: AsJson = False,
    allow_region_mismatch: Annotated[
        bool,
        typer.Option("--allow-region-mismatch", help="Go on although services are in different regions."),
    ] = False,
) -> None:
    """Check the services of the target before anything is made; changes nothing, exit 11 when one fails."""
    settings = Settings()
    report = run_preflight(
        Pipeline.load(settings),
        load_rules(settings.include_dir),
        allow_region_mismatch=allow_region_mismatch,
    )
    if as_json:
        print_json(report.as_dict())
    else:
        _print(report)
    raise_for_failures(report)


def _print(report: PreflightReport) -> None:
    if not out.is_terminal:
        # A file or a CI log has no width to fold the table into.
        typer.echo(report.render_text())
        return
    shown = table("service", "check", "outcome", "found")
    for check in report.checks:
        outcome = f"[{_COLOURS[check.outcome]}]{check.outcome.value}[/]"
        shown.add_row(escape(check.service), check.check, outcome, escape(check.detail))
    out.print(shown)
    for section in report.closing():
        typer.echo(f"\n{section}")
    out.print(f"\n{escape(report.verdict)} ({report.took_s:.1f} s)", soft_wrap=True)
