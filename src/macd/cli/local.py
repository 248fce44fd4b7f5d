"""`macd local`: the services of the pipeline on this machine."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from macd.errors import MacdError
from macd.local.config import LocalConfig
from macd.local.stack import Stack

app = typer.Typer(
    help="The local stack: every service on this machine, without Docker.", no_args_is_help=True
)
console = Console(highlight=False, soft_wrap=True)


def _stack() -> Stack:
    return Stack(LocalConfig.load(), report=lambda name, text: console.print(f"  {name:<22}{text}"))


Components = Annotated[
    list[str] | None,
    typer.Argument(help="Components, with what they need; all when none is named. Groups: flink, airflow."),
]


@app.command()
def up(
    components: Components = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave this component or group out.")] = None,
) -> None:
    """Start the stack and wait until it is healthy."""
    _stack().up(components or (), without or ())


@app.command()
def fetch() -> None:
    """Download and build the Java parts into the cache."""
    _stack().fetch()


@app.command()
def down() -> None:
    """Stop the stack; its data stays."""
    _stack().down()


if __name__ == "__main__":
    try:
        app(standalone_mode=False)
    except MacdError as error:
        console.print(str(error))
        raise SystemExit(error.exit_code) from None
