"""What the command line says of orphans, on services in memory."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from macd import pipeline as module
from macd.clients import mongodb
from macd.clients.ksqldb import Query
from macd.errors import ServiceUnreachable
from macd.pipeline import Pipeline
from macd.plan import NoOp, Plan
from tests.unit.macd.plan.books import Book
from tests.unit.macd.plan.test_orphans import Services

PLANNERS = ("plan_schemas", "plan_streams", "plan_connectors", "plan_indexes")


@pytest.fixture
def services(monkeypatch):
    """Everything is as declared, and old-sink is an orphan beside somebody else's connector."""
    services = Services()
    services.connector_configs = {"old-sink": {"topics": "a"}, "theirs": {"topics": "a"}}
    services.empty = lambda topic: None
    services.server.queries = list
    loaded = Pipeline.load

    def load(settings):
        pipeline = loaded(settings)
        for name in ("kafka", "registry", "connect", "ksqldb"):
            pipeline.__dict__[name] = getattr(services, name)
        return pipeline

    monkeypatch.setattr(Pipeline, "load", load)
    for name in PLANNERS:
        monkeypatch.setattr(module, name, lambda *_, **__: Plan(()))
    monkeypatch.setattr(module, "plan_topics", lambda *_: Plan((NoOp("topic macd_orders"),)))
    return services


@pytest.fixture
def book(monkeypatch):
    kept = Book(("connector", "old-sink"), ("connector", "gone"))
    monkeypatch.setattr(module, "connected", lambda _: nullcontext(kept))
    return kept


@pytest.fixture
def no_mongodb(monkeypatch, free_tcp_port):
    monkeypatch.setenv("MACD_LOCAL_MONGODB_PORT", str(free_tcp_port))
    monkeypatch.setitem(mongodb._TIME_LIMITS, "serverSelectionTimeoutMS", 100)


def _words(text):
    return " ".join(text.split())


def test_plan_shows_them_and_fail_on_drift_counts_them(macd, services, book):
    code, out, err = macd("plan", "--fail-on-drift")
    assert code == 8
    assert "- orphan connector old-sink (not declared any more; `--prune` removes it)" in _words(out)
    assert "theirs" not in out
    assert "0 to change, 2 as they should be, 0 blocked, 1 orphaned" in _words(out)
    assert "Run `macd apply --prune`." in err
    assert services.removed == []


def test_apply_gives_queries_time_to_come_back_before_it_plans(macd, services, book, monkeypatch):
    states = ["UNRESPONSIVE", "RUNNING"]
    monkeypatch.setattr("macd.plan.running.POLL_SECONDS", 0.001)
    services.server.queries = lambda: [Query("CSAS_1", states.pop(0), ("macd_orders_payments_joined",))]
    code, _, _ = macd("apply")
    assert (code, states) == (0, [])


def test_apply_leaves_them_and_says_so(macd, services, book):
    code, out, _ = macd("apply")
    assert (code, services.removed) == (0, [])
    assert "left alone: 1 not declared any more; `macd apply --prune` removes what apply made" in _words(out)
    assert book.ids == {"local connector old-sink", "local topic macd_orders"}, "what is gone is forgotten"


def test_apply_prune_removes_and_forgets_them(macd, services, book):
    code, out, _ = macd("apply", "--prune")
    assert (code, services.removed) == (0, ["old-sink"])
    assert "done: connector old-sink" in out
    assert book.ids == {"local topic macd_orders"}


def test_what_was_there_before_apply_stays_whatever_is_said(macd, services, book):
    book.add("connector", "theirs", origin="adopted")
    _, out, _ = macd("plan", "--fail-on-drift")
    assert "- orphan connector theirs (not declared any more, but apply did not make it" in _words(out)
    assert macd("destroy", "--yes")[0] == 0
    assert "local connector theirs" in book.ids
    code, out, _ = macd("apply", "--prune")
    assert (code, services.removed) == (0, ["old-sink"])
    assert "= forget connector theirs (was there before apply: it stays)" in _words(out)
    assert book.ids == {"local topic macd_orders"}
    assert "theirs" not in macd("plan", "--fail-on-drift")[1]


def test_destroy_takes_them_along(macd, services, book, monkeypatch):
    services.kafka.topic_states = {}
    code, _, _ = macd("destroy", "--yes")
    assert code == 0
    assert services.removed == ["old-sink"]
    assert book.ids == {"local connector gone"}


@pytest.mark.usefixtures("services", "no_mongodb")
def test_without_mongodb_plan_works_and_does_not_claim_that_there_are_none(macd):
    code, out, _ = macd("plan")
    assert code == 0
    assert "? unknown orphans (no answer" in _words(out.replace("MongoDB: ", ""))
    code, _, err = macd("plan", "--fail-on-drift")
    assert code == 8
    assert "Start MongoDB" in _words(err)


@pytest.mark.usefixtures("no_mongodb")
def test_without_mongodb_apply_changes_nothing_and_destroy_removes_what_is_declared(macd, services):
    services.connector_configs["macd-hourly-revenue-mongodb-sink"] = {}
    assert macd("apply", "--prune")[0] == 5
    assert services.removed == []
    code, out, _ = macd("destroy", "--yes")
    assert (code, services.removed) == (0, ["macd-hourly-revenue-mongodb-sink"])
    assert "? unknown orphans" in _words(out)
    assert "indexes" not in out, "a removal does not touch them"


@pytest.mark.usefixtures("services", "no_mongodb")
def test_destroy_does_not_ask_when_nothing_is_to_be_removed(macd, services, monkeypatch):
    monkeypatch.setattr("typer.confirm", lambda *_, **__: pytest.fail("there is nothing to confirm"))
    services.connector_configs.clear()
    code, out, _ = macd("destroy")
    assert code == 0
    assert "? unknown orphans" in _words(out)


def test_indexes_that_cannot_be_looked_at_do_not_hide_orphans(macd, services, book, monkeypatch):
    def away(*_):
        raise ServiceUnreachable("MongoDB", "no answer.", remedy="Start it.")

    monkeypatch.setattr(module, "plan_indexes", away)
    _, out, _ = macd("plan")
    assert "- orphan connector old-sink" in _words(out)
    assert "? unknown indexes" in _words(out)
    assert "unknown orphans" not in _words(out)
