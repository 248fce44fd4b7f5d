"""What the page is told of incidents."""

from __future__ import annotations

from typing import Any

import pytest

from macd.dashboard import dashboard as module
from macd.dashboard.dashboard import Dashboard
from macd.health import observe
from macd.incidents.finding import Finding
from macd.incidents.store import IncidentStore
from macd.pipeline import Pipeline
from macd.settings import REPOSITORY
from macd.specs import load_pipeline, resolve_services
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


def test_an_alert_says_what_is_wrong_but_not_where_the_service_is() -> None:
    books: Any = database()
    told = "no answer from http://canary:8081"
    found = Finding(
        subject="s",
        check="c",
        severity="fail",
        message=told,
        next_step=f"Read {told}",
        examples=(f"x {told}",),
    )
    IncidentStore(books).book("s", [found])
    [alert] = module._alerts(books).alerts
    assert alert.message == "no answer from (address)"
    assert alert.next_step == "Read no answer from (address)"
    assert alert.examples == ["x no answer from (address)"]


def test_a_part_says_how_it_is_but_not_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at these addresses: every part says that its service does not answer."""
    monkeypatch.setattr(observe, "LIMIT_S", 1.5)
    spec = load_pipeline(REPOSITORY / "include", "local")
    nobody = {
        f"MACD_LOCAL_{name}_PORT": "1" for name in ("KAFKA", "REGISTRY", "KSQLDB", "CONNECT", "MONGODB")
    }
    state = Dashboard(Pipeline(spec, resolve_services(spec.target, nobody), nobody)).pipeline()
    details = {part.kind: part.detail for part in state.parts}
    assert "no answer from (address)" in details["schema"]
    assert not [part for part in state.parts if "127.0.0.1" in part.detail]
