"""Shows a DAG run task by task: a table that redraws itself on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from macd.cli.dag_run import DagRun, Snapshot
from macd.clients.airflow import LogLine, TaskRun

_COLOURS = {
    "success": "green",
    "running": "cyan",
    "deferred": "cyan",
    "failed": "bold red",
    "upstream_failed": "dim",
    "up_for_retry": "yellow",
}
_SPINNING = ("running", "deferred")


def follow_visibly(run: DagRun, deadline_s: float, console: Console) -> Snapshot:
    """Follows the run until it has finished and returns the last snapshot."""
    console.print(f"run {escape(run.dag_run_id)}\n    {escape(run.url)}", soft_wrap=True)
    show = _on_terminal if console.is_terminal else _as_lines
    return show(run, deadline_s, console)


def _on_terminal(run: DagRun, deadline_s: float, console: Console) -> Snapshot:
    retries = _Retries(run)
    snapshot = None
    with Live(console=console, refresh_per_second=8) as live:
        for snapshot in run.follow(deadline_s):
            for line in retries.new(snapshot):
                live.console.print(line, soft_wrap=True)
            live.update(_table(snapshot))
    return _last(snapshot)


def _as_lines(run: DagRun, deadline_s: float, console: Console) -> Snapshot:
    retries = _Retries(run)
    shown: dict[str, TaskRun] = {}
    snapshot = None
    for snapshot in run.follow(deadline_s):
        for task in snapshot.tasks:
            before = shown.get(task.task_id)
            if task.state != "none" and (before is None or before.state != task.state):
                shown[task.task_id] = task
                console.print(_line(snapshot.elapsed_s, task), soft_wrap=True)
        for text in retries.new(snapshot):
            console.print(text, soft_wrap=True)
    return _last(snapshot)


def _last(snapshot: Snapshot | None) -> Snapshot:
    if snapshot is None:
        raise AssertionError("a run that is followed gives at least one snapshot")
    return snapshot


class _Retries:
    """Why a task is tried again, said once for each failed try."""

    def __init__(self, run: DagRun) -> None:
        self._run = run
        self._told: set[tuple[str, int]] = set()

    def new(self, snapshot: Snapshot) -> Iterator[Text]:
        for task in snapshot.tasks:
            if task.state == "up_for_retry" and (task.task_id, task.try_number) not in self._told:
                self._told.add((task.task_id, task.try_number))
                reason = error_in(self._run.log(task)) or "see its log"
                yield Text(
                    f"    {task.task_id}, try {task.try_number}, will be tried again: {reason}", "yellow"
                )


def error_in(log: tuple[LogLine, ...]) -> str | None:
    """The error that ended a try, without the exceptions that led to it."""
    raised = [line.errors[0] for line in log if line.errors]
    return raised[-1] if raised else None


def _line(elapsed_s: float, task: TaskRun) -> Text:
    text = Text(f"{elapsed_s:6.1f} s  {task.task_id:<20} ")
    return text.append(task.state, _COLOURS.get(task.state, "")).append(_duration(task))


def _duration(task: TaskRun) -> str:
    finished = task.state in ("success", "failed") and task.duration is not None
    return f"  ({task.duration:.1f} s)" if finished else ""


def _table(snapshot: Snapshot) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for task in snapshot.tasks:
        table.add_row(
            _mark(task), task.task_id, Text(task.state, _COLOURS.get(task.state, "dim")), _duration(task)
        )
    table.add_row("", Text(f"{snapshot.elapsed_s:.0f} s", "dim"), Text(snapshot.state, "dim"), "")
    return table


def _mark(task: TaskRun) -> RenderableType:
    if task.state in _SPINNING:
        return Spinner("dots", style="cyan")
    marks = {"success": "[green]\u2714[/]", "failed": "[bold red]\u2718[/]"}
    return marks.get(task.state, "[dim]\u00b7[/]")
