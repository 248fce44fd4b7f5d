"""Shows the acceptance kit at work: a line that moves on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from macd.acceptance.report import Outcome, StepResult
from macd.acceptance.runner import Audience
from macd.acceptance.step import Step

_MARKS = {
    Outcome.HELD: "[green]\u2714[/]",
    Outcome.FAILED: "[bold red]\u2718[/]",
    Outcome.SKIPPED: "[dim]\u00b7[/]",
}
_WIDTH = 22


@contextmanager
def audience(console: Console) -> Iterator[Audience]:
    """Who follows the kit on this console."""
    if not console.is_terminal:
        yield Lines(console)
        return
    with console.status("") as status:
        yield Terminal(console, status)


class Lines:
    """Every word on a line of its own, for a file or a CI log."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, step: Step) -> None:
        """A head for what the step says."""
        self._print(f"[bold]{escape(step.name)}[/]: {escape(step.proves)}")

    def said(self, line: str) -> None:
        """Indented."""
        self._print(f"    [dim]{escape(line)}[/]")

    def finished(self, result: StepResult) -> None:
        """Outcome, time, and what was found or what is amiss."""
        took = f"{result.took_s:6.1f} s"
        self._print(f"{_MARKS[result.outcome]} {escape(result.step):<{_WIDTH}} {took}  {_told(result)}")

    def _print(self, line: str) -> None:
        # Whoever stops listening does not keep the kit from cleaning up; rich exits at a closed pipe.
        with suppress(OSError, SystemExit):
            self._console.print(line, soft_wrap=True)


class Terminal(Lines):
    """Only the last word of the running step, beside a spinner; a line stays of each step that has ended."""

    def __init__(self, console: Console, status: Status) -> None:
        super().__init__(console)
        self._status = status
        self._step = ""

    def started(self, step: Step) -> None:
        """Names it beside the spinner."""
        self._step = step.name
        self.said(step.proves)

    def said(self, line: str) -> None:
        """Replaces the last word."""
        self._status.update(f"[bold]{escape(self._step)}[/]  [dim]{escape(line)}[/]")


def _told(result: StepResult) -> str:
    if result.outcome is Outcome.HELD:
        return escape(result.facts[-1] if result.facts else "")
    return escape(f"{result.outcome.value}: {result.reason}")
