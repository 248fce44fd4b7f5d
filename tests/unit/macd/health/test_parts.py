"""Parts as the status shows them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from macd.health import parts
from macd.health.state import State
from macd.plan import Orphans, Part


def test_what_is_not_declared_any_more_says_whether_prune_would_remove_it() -> None:
    left = Orphans(parts=(Part("topic", "old"), Part("connector", "theirs", "adopted")))
    pipeline: Any = SimpleNamespace(orphans=lambda: left)
    made, before = parts.orphans(pipeline)
    assert (made.key, made.state) == ("topic old", State.DRIFTED)
    assert made.detail == "not declared any more; `--prune` removes it"
    assert (before.key, before.state) == ("connector theirs", State.DRIFTED)
    assert before.detail.endswith("apply did not make it: `--prune` leaves it, and forgets it")
