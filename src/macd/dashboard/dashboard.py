"""Every question of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pymongo.database import Database

from macd.clients.mongodb import Document, connected
from macd.dashboard.models import (
    MOST_MISMATCHES,
    MOST_RUNS,
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
from macd.redaction import without_addresses

Answer = TypeVar("Answer")
# Seconds for all that a question asks MongoDB, which is told so and gives up by itself.
LIMIT_S = 20.0
RECENT_ALERTS = 50
MOST_OPEN = 200


class Dashboard:
    """The dashboard of one pipeline; a service that cannot be used is a MacdError that names it.

    Lists are whole, up to the most that may be asked for: whoever wants less of one gets it from the same.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._services = pipeline.services
        self._route = route_of(pipeline.spec)
        self._observer = Observer(pipeline)

    def pipeline(self) -> PipelineState:
        """Every part with its state, and the lags between them."""
        state = self._observer.look()
        parts = tuple(
            part.model_copy(update={"detail": without_addresses(part.detail)}) for part in state.parts
        )
        return state.model_copy(update={"parts": parts})

    def revenue(self, hours: int) -> Revenue:
        """Revenue by hour."""
        return self._of_sales(lambda sales: sales.revenue(hours))

    def payment_methods(self, hours: int) -> PaymentMethods:
        """Payments by method."""
        return self._of_sales(lambda sales: sales.payment_methods(hours))

    def mismatches(self, hours: int) -> PaymentMismatches:
        """Orders that were not paid their total."""
        return self._of_sales(lambda sales: sales.mismatches(hours, MOST_MISMATCHES))

    def runs(self) -> Runs:
        """The latest runs."""
        return self._of_database(lambda database: RunBook(database).recent(MOST_RUNS))

    def run(self, run_id: str) -> RunDetail:
        """One run."""
        return self._of_database(lambda database: RunBook(database).one(run_id))

    def missing(self, run_id: str) -> MissingOrders:
        """A run's missing orders."""
        return self._of_database(lambda database: RunBook(database).missing(run_id))

    def alerts(self) -> Alerts:
        """Incidents, open ones first."""
        return self._of_database(_alerts)

    def _of_sales(self, question: Callable[[Sales], Answer]) -> Answer:
        def ask(database: Database[Document]) -> Answer:
            return question(Sales(database.client[self._route.database][self._route.collection]))

        return self._of_database(ask)

    def _of_database(self, question: Callable[[Database[Document]], Answer]) -> Answer:
        with connected(self._services.mongodb, within_s=LIMIT_S) as database:
            return question(database)


def _alerts(database: Database[Document]) -> Alerts:
    store = IncidentStore(database)
    lasting = store.open(MOST_OPEN)
    over = [incident for incident in store.recent(RECENT_ALERTS) if not incident.is_open]
    shown = [_alert(incident) for incident in [*lasting, *over]]
    return Alerts(open=max(store.count_open(), len(lasting)), alerts=shown)


def _alert(incident: Incident) -> Alert:
    fields = incident.model_dump(include=set(Alert.model_fields))
    told = {name: without_addresses(fields[name]) for name in ("message", "next_step")}
    return Alert.model_validate(fields | told | {"examples": list(map(without_addresses, incident.examples))})
