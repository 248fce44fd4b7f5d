"""Dead letters as a table for a task log or a terminal."""

from __future__ import annotations

from macd.quality.render import table
from macd.repair.dead_letters import place_of
from macd.repair.replay import Classified

_SHOWN_CHARACTERS = 140


def render(found: Classified) -> str:
    """Where each lies, whose it is, what becomes of it and why; then the counts of all."""
    if not found.counts:
        return "No dead letters that were not looked at before."
    rows = [
        (
            f"{place_of(each.record).partition}/{place_of(each.record).offset}",
            each.order_id,
            each.kind.value,
            _short(each.reason),
        )
        for each in found.listed
    ]
    shown = table(("part./offset", "order", "class", "reason"), rows) + "\n" if rows else ""
    return shown + "  " + ", ".join(f"{count:,} {kind.value}" for kind, count in found.counts.items())


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "..."
