"""`macd alerts` says what is wrong, and who has not heard of it."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from macd.cli import alerts
from macd.incidents.finding import Finding
from macd.incidents.store import IncidentStore
from tests.unit.macd.incidents.fakes import database


@pytest.fixture
def store(monkeypatch) -> IncidentStore:
    kept = database()
    services = SimpleNamespace(services=SimpleNamespace(mongodb=None))
    monkeypatch.setattr(alerts.Pipeline, "load", lambda _: services)
    monkeypatch.setattr(alerts, "connected", lambda _: nullcontext(kept))
    store = IncidentStore(kept)
    found = Finding(subject="run r", check="lost", severity="fail", message="1 lost", next_step="Look.")
    store.book("run r", [found])
    return store


def test_what_is_wrong_is_listed_with_the_next_step(macd, store):
    code, shown, _ = macd("alerts")
    assert code == 0
    assert "FAIL  lost - run r\n       1 lost; since " in shown
    assert "next step: Look." in shown
    assert "mail" not in shown


def test_a_mail_that_is_refused_is_said_with_the_next_try(macd, store):
    store.refused(store.claim_due(), "552 too large")
    _, shown, _ = macd("alerts")
    [kept] = store.open()
    assert f"mail refused (1): 552 too large; next try after {kept.retry_at:%Y-%m-%d %H:%M:%S} UTC" in shown


def test_a_mail_over_which_the_server_gave_up_is_not_called_refused(macd, store):
    store.put_off(store.claim_due(), "421 closing")
    _, shown, _ = macd("alerts")
    [kept] = store.open()
    assert f"mail not taken: 421 closing; next try after {kept.retry_at:%Y-%m-%d %H:%M:%S} UTC" in shown
    assert "refused" not in shown


def test_who_did_not_get_the_mail_is_said(macd, store):
    store.sent(store.claim_due(), "<1@x>", ["a@x: 550 gone", "b@x: 550 gone"])
    _, shown, _ = macd("alerts")
    assert "mail refused: a@x: 550 gone; b@x: 550 gone\n" in shown
