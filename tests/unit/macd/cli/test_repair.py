"""`macd repair` and `macd dead-letters` list first and write only when told to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from macd.cli import repair as commands
from macd.cli.main import app
from macd.repair.replay import Classified, Replayed
from macd.repair.resink import Lost, Resunk, Survey
from macd.repair.settle import Arrival
from tests.unit.reports import report_of

REPORT = report_of("r", passed=True, verified_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the commands wrote."""
    found: list[str] = []

    def answer(name: str, result: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            found.append(name)
            return result

        return called

    monkeypatch.setattr(commands, "survey_run", lambda *_, **__: Survey(REPORT, Lost((1, 2), (3,)), ("id",)))
    monkeypatch.setattr(commands, "classify_dead_letters", lambda *_, **__: Classified(runs=("r",)))
    monkeypatch.setattr(commands, "verify_run", lambda *_: REPORT)
    monkeypatch.setattr(commands, "resink_run", answer("resink", Resunk(Arrival(2, 2, 0))))
    monkeypatch.setattr(commands, "replay_dead_letters", answer("replay", Replayed(2, Arrival(2, 2, 0))))
    return found


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_run_is_repaired_only_with_yes(written: list[str]) -> None:
    assert "2 orders to write again, 1 altered (left alone" in said("repair", "r")
    assert written == []
    assert "2 orders written again: 2 stored" in said("repair", "r", "--yes")
    assert written == ["resink"]


def test_dead_letters_are_replayed_only_when_asked_for(written: list[str]) -> None:
    assert "No dead letters" in said("dead-letters")
    assert written == []
    assert "verify it again with `macd verify r`" in said("dead-letters", "--replay")
    assert written == ["replay"]
