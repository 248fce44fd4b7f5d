"""How the CLI speaks: tables and colour for people, one JSON document for machines, errors on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from macd.errors import MacdError
from macd.plan import Change, Plan

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_COLOURS = {
    **{"create": "green", "update": "yellow", "delete": "red", "blocked": "bold red"},
    **{"no-op": "dim", "forget": "dim", "orphan": "magenta", "unknown": "bold yellow"},
}


def print_json(document: Any) -> None:
    """`document` on stdout, for machines."""
    typer.echo(json.dumps(document, indent=2, default=str))


def print_error(error: MacdError) -> None:
    """What failed and what to do, on stderr."""
    err.print(f"[bold red]error[/]  {escape(error.message)}", soft_wrap=True)
    err.print(f"[bold]remedy[/] {escape(error.remedy)}", soft_wrap=True)


def print_notes(notes: Iterable[str]) -> None:
    """What could not be checked, on stderr."""
    for note in notes:
        err.print(f"[bold yellow]note[/]   {escape(note)}", soft_wrap=True)


def print_change(change: Change) -> None:
    """One line of a plan."""
    out.print(f"[{_COLOURS[change.action]}]{escape(change.render())}[/]", soft_wrap=True)


def print_plan(plan: Plan) -> None:
    """Every change and a closing line with counts."""
    for change in plan.changes:
        print_change(change)
    same = len(plan.changes) - len(plan.pending)
    counts = {"blocked": len(plan.blocked), "orphaned": len(plan.orphans), "unknown": len(plan.unknown)}
    pending = len(plan.pending) - sum(counts.values())
    others = "".join(f", {count} {what}" for what, count in counts.items() if count or what == "blocked")
    out.print(f"[bold]{pending} to change, {same} as they should be{others}[/]")


def table(*columns: str) -> Table:
    """An empty table in the house style."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
