"""What the page is told of incidents."""

from __future__ import annotations

from typing import Any

import pytest

from macd.dashboard import dashboard as module
from macd.incidents.finding import Finding
from macd.incidents.store import IncidentStore
from tests.unit.macd.incidents.fakes import database


def test_however_much_is_wrong_the_answer_is_bounded_and_says_how_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books: Any = database()
    store = IncidentStore(books)
    for number in range(5):
        found = Finding(subject=f"run {number}", check="c", severity="warn", message="m", next_step="n")
        store.book(found.subject, [found])
    store.book("run 0", [])
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    answer = module._alerts(books)
    assert answer.open == 4
    lasting = [each for each in answer.alerts if each.closed_at is None]
    assert len(lasting) == 3
    assert [each.subject for each in answer.alerts if each.closed_at] == ["run 0"]
