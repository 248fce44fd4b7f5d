"""Replay the recordings against any ksqlDB-compatible server: `python -m ksqldb_conformance --help`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import as_completed
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .case import Case, Level, load_cases
from .replay import Limits, run_cases
from .report import as_json, print_differences, table
from .rest_replay import run_stories
from .result import Result
from .services import ENV_NAMES, OWN_CASES, Services, recordings

EXIT_FAILED = 1
EXIT_USAGE = 2


class Suite(StrEnum):
    """What to replay."""

    CASES = "cases"
    REST = "rest"
    ALL = "all"


class LevelChoice(StrEnum):
    """How much to replay."""

    CORE = "core"
    FULL = "full"


def _cases(folders: list[Path] | None, only: str, level: Level) -> list[Case]:
    names = [name for name in only.split(",") if name]
    return load_cases(folders or [OWN_CASES, recordings() / "cases"], names, level)


def _run_cases(services: Services, cases: list[Case], limits: Limits, concurrency: int) -> list[Result]:
    progress = Console(stderr=True)
    futures = run_cases(services, cases, limits, concurrency)
    for future in as_completed(futures.values()):
        print_differences(progress, future.result())
    return [future.result() for future in futures.values()]


def _run_story(services: Services, level: Level) -> list[Result]:
    progress = Console(stderr=True)
    return run_stories(services, level, lambda found: print_differences(progress, found))


def main(
    kafka: Annotated[str, typer.Option(envvar=ENV_NAMES["kafka"], help="bootstrap servers")],
    registry: Annotated[str, typer.Option("--registry-url", envvar=ENV_NAMES["registry"])],
    ksqldb: Annotated[str, typer.Option("--ksqldb-url", envvar=ENV_NAMES["ksqldb"])],
    suite: Annotated[Suite, typer.Option(help="data cases, REST exchanges, or both")] = Suite.CASES,
    level: Annotated[LevelChoice, typer.Option(help="core: only what the pipeline needs")] = LevelChoice.FULL,
    only: Annotated[str, typer.Option(help="beginnings of case names, comma-separated: j01,j02 or g")] = "",
    cases: Annotated[list[Path] | None, typer.Option(help="folder of case files (repeatable)")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="cases at a time")] = 3,
    output_deadline: Annotated[float, typer.Option(help="seconds to wait for the sink records")] = 60.0,
    quiet: Annotated[float, typer.Option(help="seconds a complete sink is watched for extra records")] = 3.0,
    as_json_: Annotated[bool, typer.Option("--json", help="print the verdicts as JSON")] = False,
) -> None:
    """Replay recordings, print passed/failed by theme; exit 1 if one failed, 2 on wrong usage.

    Topics, subjects and sources of the recordings' names are deleted on the server before and after.
    """
    services = Services(kafka, registry, ksqldb)
    results: list[Result] = []
    if suite != Suite.REST:
        limits = Limits(output=output_deadline, quiet=quiet)
        results += _run_cases(services, _cases(cases, only, level.value), limits, concurrency)
    if suite != Suite.CASES:
        results += _run_story(services, level.value)
    _finish(results, is_json=as_json_)


def _finish(results: list[Result], *, is_json: bool) -> None:
    if is_json:
        json.dump(as_json(results), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        Console().print(table(results))
    if not results:
        typer.echo("nothing was replayed: no case matches", err=True)
        raise typer.Exit(EXIT_USAGE)
    if any(result.failed for result in results):
        raise typer.Exit(EXIT_FAILED)


if __name__ == "__main__":
    typer.run(main)
