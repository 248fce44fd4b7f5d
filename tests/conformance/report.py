"""Verdicts as a table by theme, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from .case import THEMES
from .replay import Result


def _row(results: Sequence[Result]) -> list[str]:
    failed = [result.name for result in results if not result.passed]
    seconds = sum(result.seconds for result in results)
    return [str(len(results) - len(failed)), str(len(failed)), f"{seconds:.0f}", ", ".join(failed)]


def table(results: Sequence[Result]) -> Table:
    """Passed and failed by theme."""
    shown = Table(title="ksqlDB conformance: data cases")
    for name, side in [("theme", "left"), ("passed", "right"), ("failed", "right"), ("seconds", "right")]:
        shown.add_column(name, justify="right" if side == "right" else "left")
    shown.add_column("failed cases", overflow="fold")
    for theme, title in THEMES.items():
        themed = [result for result in results if result.theme == theme]
        if themed:
            shown.add_row(f"{theme}  {title}", *_row(themed))
    shown.add_section()
    shown.add_row("all", *_row(results))
    return shown


def print_differences(console: Console, result: Result) -> None:
    """One case's verdict, with its differences if it failed."""
    mark = "[green]passed[/]" if result.passed else "[red]FAILED[/]"
    console.print(f"{mark} {result.name} ({result.seconds:.1f} s)")
    for line in result.differences:
        console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The verdicts for machines."""
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "results": [
            {
                "name": result.name,
                "theme": result.theme,
                "passed": result.passed,
                "seconds": round(result.seconds, 1),
                "differences": result.differences,
            }
            for result in results
        ],
    }
