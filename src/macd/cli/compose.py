"""`macd compose`: what docker-compose.yaml needs before it can start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from macd.cli.output import out
from macd.compose.env import write_env
from macd.compose.room import check_images, check_room, read_model
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


@app.command()
def check(
    cpus: Annotated[int, typer.Option(help="What `docker info --format '{{.NCPU}}'` says.")],
    memory: Annotated[int, typer.Option(help="What `docker info --format '{{.MemTotal}}'` says.")],
) -> None:
    """Hold the output of `docker compose config --format json` against what Docker has."""
    model = read_model(sys.stdin.read())
    for warning in check_images(model):
        out.print(f"[yellow]warning[/] {warning}", soft_wrap=True)
    out.print(check_room(model, cpus, memory), soft_wrap=True)
