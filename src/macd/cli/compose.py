"""`macd compose`: what docker-compose.yaml needs before it can start."""

from __future__ import annotations

from pathlib import Path

import typer

from macd.cli.output import out
from macd.compose.env import write_env
from macd.settings import REPOSITORY

app = typer.Typer(help="The containers of docker-compose.yaml.", no_args_is_help=True)


@app.callback()
def compose() -> None:
    """The containers of docker-compose.yaml."""


@app.command()
def env(folder: Path = REPOSITORY) -> None:
    """Write .env with generated secrets; values that are there stay."""
    target = folder / ".env"
    added = write_env(folder / ".env.example", target)
    what = f"generated {', '.join(added)}" if added else "nothing to add"
    out.print(f"{target}: {what}", soft_wrap=True)
