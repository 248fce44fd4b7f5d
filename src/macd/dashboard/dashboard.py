"""Every question of the page, asked at most once in a few seconds however many pages are open."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from pymongo.database import Database

from macd.clients.mongodb import Document, connected
from macd.dashboard.cache import ShortMemory
from macd.dashboard.models import (
    Alert,
    Alerts,
    MissingOrders,
    PaymentMethods,
    PaymentMismatches,
    Revenue,
    RunDetail,
    Runs,
)
from macd.dashboard.runs import RunBook
from macd.dashboard.sales import Sales
from macd.health.observe import Observer
from macd.health.state import PipelineState
from macd.incidents.incident import Incident
from macd.incidents.store import IncidentStore
from macd.pipeline import Pipeline
from macd.producer.route import route_of

Answer = TypeVar("Answer")
# A page asks every five seconds. Sales are a scan of the range, and nobody reads a chart that often.
LIVE_S = 3.0
SALES_S = 15.0
RECENT_ALERTS = 50
MOST_OPEN = 200


class Dashboard:
    """The dashboard of one pipeline; a service that cannot be used is a MacdError that names it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._services = pipeline.services
        self._route = route_of(pipeline.spec)
        self._observer = Observer(pipeline)
        self._live = ShortMemory(LIVE_S, LIVE_S)
        self._slow = ShortMemory(SALES_S, LIVE_S)

    def pipeline(self) -> PipelineState:
        """Every part with its state, and the lags between them."""
        return self._live.get("pipeline", self._observer.look)

    def revenue(self, hours: int) -> Revenue:
        """Revenue by hour."""
        return self._ask_sales(("revenue", hours), lambda sales: sales.revenue(hours))

    def payment_methods(self, hours: int) -> PaymentMethods:
        """Payments by method."""
        return self._ask_sales(("methods", hours), lambda sales: sales.payment_methods(hours))

    def mismatches(self, hours: int, limit: int) -> PaymentMismatches:
        """Orders that were not paid their total."""
        return self._ask_sales(("mismatches", hours, limit), lambda sales: sales.mismatches(hours, limit))

    def runs(self, limit: int) -> Runs:
        """The latest runs."""
        return self._ask(("runs", limit), lambda database: RunBook(database).recent(limit))

    def run(self, run_id: str) -> RunDetail:
        """One run."""
        return self._ask(("run", run_id), lambda database: RunBook(database).one(run_id))

    def missing(self, run_id: str, offset: int, limit: int) -> MissingOrders:
        """A run's missing orders."""
        key = ("missing", run_id, offset, limit)
        return self._ask(key, lambda database: RunBook(database).missing(run_id, offset, limit))

    def alerts(self) -> Alerts:
        """Incidents, open ones first."""
        return self._ask("alerts", _alerts)

    def _ask(self, key: Hashable, question: Callable[[Database[Document]], Answer]) -> Answer:
        return self._live.get(key, lambda: self._on_database(question))

    def _ask_sales(self, key: Hashable, question: Callable[[Sales], Answer]) -> Answer:
        def ask(database: Database[Document]) -> Answer:
            return question(Sales(database.client[self._route.database][self._route.collection]))

        return self._slow.get(key, lambda: self._on_database(ask))

    def _on_database(self, question: Callable[[Database[Document]], Answer]) -> Answer:
        with connected(self._services.mongodb) as database:
            return question(database)


def _alerts(database: Database[Document]) -> Alerts:
    store = IncidentStore(database)
    lasting = store.open(MOST_OPEN)
    over = [incident for incident in store.recent(RECENT_ALERTS) if not incident.is_open]
    shown = [_alert(incident) for incident in [*lasting, *over]]
    return Alerts(open=max(store.count_open(), len(lasting)), alerts=shown)


def _alert(incident: Incident) -> Alert:
    fields = incident.model_dump(include=set(Alert.model_fields))
    return Alert.model_validate(fields | {"examples": list(incident.examples)})
