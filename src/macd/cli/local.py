"""`macd local`: up, down, status, logs, reset, fetch."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from macd.local.airflow import login
from macd.local.config import LocalConfig
from macd.local.stack import Stack
from macd.local.status import Row

app = typer.Typer(
    help="The local stack: every service on this machine, without Docker.", no_args_is_help=True
)
# A CI log has no width of its own; 80 columns would fold the table.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)

Components = Annotated[
    list[str] | None,
    typer.Argument(
        help="Components; `flink` and `airflow` stand for all their parts. All when none is named."
    ),
]


def _report(name: str, message: str) -> None:
    colour = {"healthy": "green", "stopped": "dim"}.get(message.split()[0], "cyan")
    out.print(f"  {escape(name):<24}[{colour}]{escape(message)}[/]", soft_wrap=True)


def _stack() -> Stack:
    return Stack(LocalConfig.load(), _report)


@app.command()
def up(
    components: Components = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave this component or group out.")] = None,
) -> None:
    """Start the stack and wait until it is healthy; what runs already is left alone."""
    stack = _stack()
    stack.up(components or (), without or ())
    if any(component.name == "airflow-api" for component in stack.select(components or (), without or ())):
        out.print(login(stack.config, show_password=out.is_terminal), soft_wrap=True)


@app.command()
def down() -> None:
    """Stop everything and leave no process behind; the data stays."""
    _stack().down()


@app.command()
def restart(
    components: Annotated[list[str], typer.Argument(help="Components, or `airflow`, `flink`.")],
) -> None:
    """Stop these components and start them again, for example to load a changed plugin."""
    _stack().restart(components)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Show each component with its health, port, memory and log; exit 1 when one that runs is not well."""
    stack = _stack()
    rows = stack.status()
    if as_json:
        typer.echo(json.dumps([row.as_dict() for row in rows], indent=2))
    else:
        out.print(_table(rows))
        out.print(f"State folder: {stack.config.home}", soft_wrap=True)
    orphans = stack.orphans()
    if orphans:
        message = f"{len(orphans)} processes run without a supervisor; `macd local down` ends them."
        typer.echo(message, err=True)
    if orphans or not all(row.is_well for row in rows):
        raise typer.Exit(1)


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("component", "state"):
        table.add_column(column, no_wrap=True)
    table.add_column("health", overflow="fold")
    for column in ("port", "pid", "memory MB"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("log", no_wrap=True)
    for row in rows:
        numbers = ("" if n is None else str(n) for n in (row.port, row.pid, row.memory_mb))
        colour = "green" if row.health == "healthy" else "dim" if row.is_well else "red"
        table.add_row(
            row.component,
            row.state,
            f"[{colour}]{escape(row.health)}[/]",
            *numbers,
            f"logs/{Path(row.log).name}",
        )
    table.add_row("total", "", "", "", "", str(sum(row.memory_mb or 0 for row in rows)), "", style="bold")
    return table


@app.command()
def logs(
    components: Components = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what is added.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each log.")] = 20,
) -> None:
    """Show the end of the components' logs."""
    files = [str(path) for path in _stack().logs(components or ())]
    if not files:
        out.print("No logs yet: start something with `macd local up`.")
        return
    # tail(1) follows rotated files, and Ctrl-C ends it without a traceback.
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *files])  # noqa: S606


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and delete the stack's data and logs; the downloaded jars stay."""
    stack = _stack()
    if not yes:
        typer.confirm(f"Delete everything in {stack.config.home}?", abort=True)
    stack.reset()


@app.command()
def fetch() -> None:
    """Download and build the Java parts into the cache, as `up` would."""
    _stack().fetch()
