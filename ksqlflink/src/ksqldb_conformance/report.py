"""Verdicts as a table by theme, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from .case import THEMES as CASE_THEMES
from .result import Result

THEMES = {**CASE_THEMES, "rest": "REST exchanges"}


def _short(result: Result) -> str:
    """`j01` of the case `j01-join-in-order`; files of the REST story have no such number."""
    return result.name if result.theme == "rest" else result.name.split("-", 1)[0]


def _row(results: Sequence[Result]) -> list[str]:
    failed = [_short(result) for result in results if result.failed]
    passed = sum(result.passed for result in results)
    seconds = sum(result.seconds for result in results)
    skipped = len(results) - passed - len(failed)
    return [str(passed), str(len(failed)), str(skipped), f"{seconds:.0f}", ", ".join(failed)]


def table(results: Sequence[Result]) -> Table:
    """Passed and failed by theme."""
    shown = Table(title="ksqlDB conformance")
    shown.add_column("theme")
    for name in ("passed", "failed", "skipped", "seconds"):
        shown.add_column(name, justify="right")
    shown.add_column("what failed", overflow="fold")
    for theme, title in THEMES.items():
        themed = [result for result in results if result.theme == theme]
        if themed:
            shown.add_row(f"{theme}  {title}", *_row(themed))
    shown.add_section()
    shown.add_row("all", *_row(results))
    return shown


def _mark(result: Result) -> str:
    if result.failed:
        return "[red]FAILED[/]"
    return "[green]passed[/]" if result.passed else "[yellow]skipped[/]"


def print_differences(console: Console, result: Result) -> None:
    """One case's verdict, with its differences if it failed."""
    console.print(f"{_mark(result)} {result.name} ({result.seconds:.1f} s)")
    for line in [*result.differences, *(f"skipped {reason}" for reason in result.skipped)]:
        console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The verdicts for machines."""
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(result.failed for result in results),
        "results": [
            {
                "name": result.name,
                "theme": result.theme,
                "passed": result.passed,
                "seconds": round(result.seconds, 1),
                "differences": result.differences,
                "skipped": result.skipped,
            }
            for result in results
        ],
    }
