"""Run the data cases against any ksqlDB-compatible server: `python -m tests.conformance --help`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import as_completed
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .case import Case, load_cases
from .replay import Limits, Result, run_cases
from .report import as_json, print_differences, table
from .services import ENV_NAMES, OWN_CASES, Services, recordings

EXIT_FAILED = 1
EXIT_USAGE = 2


def _folders(cases: list[Path] | None) -> list[Path]:
    if cases:
        return cases
    return [folder for folder in (recordings() / "cases", OWN_CASES) if folder.is_dir()]


def _chosen(cases: list[Path] | None, only: str) -> list[Case]:
    chosen = load_cases(_folders(cases), [name for name in only.split(",") if name])
    if not chosen:
        typer.echo("no case matches", err=True)
        raise typer.Exit(EXIT_USAGE)
    return chosen


def _run(services: Services, cases: list[Case], limits: Limits, concurrency: int) -> list[Result]:
    progress = Console(stderr=True)
    futures = run_cases(services, cases, limits, concurrency)
    for future in as_completed(futures.values()):
        print_differences(progress, future.result())
    return [future.result() for future in futures.values()]


def main(
    kafka: Annotated[str, typer.Option(envvar=ENV_NAMES["kafka"], help="bootstrap servers")],
    registry: Annotated[str, typer.Option("--registry-url", envvar=ENV_NAMES["registry"])],
    ksqldb: Annotated[str, typer.Option("--ksqldb-url", envvar=ENV_NAMES["ksqldb"])],
    only: Annotated[str, typer.Option(help="beginnings of case names, comma-separated: j01,j02 or g")] = "",
    cases: Annotated[list[Path] | None, typer.Option(help="folder of case files (repeatable)")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="cases at a time")] = 3,
    output_deadline: Annotated[float, typer.Option(help="seconds to wait for the sink records")] = 60.0,
    quiet: Annotated[float, typer.Option(help="seconds a complete sink is watched for extra records")] = 3.0,
    as_json_: Annotated[bool, typer.Option("--json", help="print the verdicts as JSON")] = False,
) -> None:
    """Replay data cases, print passed/failed by theme; exit 1 if one failed, 2 on wrong usage."""
    limits = Limits(output=output_deadline, quiet=quiet)
    results = _run(Services(kafka, registry, ksqldb), _chosen(cases, only), limits, concurrency)
    if as_json_:
        json.dump(as_json(results), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        Console().print(table(results))
    if any(not result.passed for result in results):
        raise typer.Exit(EXIT_FAILED)


if __name__ == "__main__":
    typer.run(main)
