"""A run on a broker and in a database in memory, as `verify_run` meets it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import mongomock
import pytest

from macd.clients.records import RecordReader
from macd.producer.manifest import PartitionOffset
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.producer.store import RunStore
from macd.quality import verify
from macd.quality.derived import Derived, Followed
from macd.quality.report import Report
from macd.quality.takings import Takings
from tests.unit.macd.fakes import AS_OF, KAFKA, FakeBroker, FakeConsumer, document_of
from tests.unit.macd.quality.test_derived import document, mismatch_documents, takings_of
from tests.unit.macd.quality.test_reconcile import PIPELINE, ROUTE, manifest_of

RUN = "r"
COMPLETED = datetime(2026, 7, 16, tzinfo=UTC)
SERVICES: Any = SimpleNamespace(kafka=KAFKA, mongodb=None)


class Verified:
    """A run all of whose orders have arrived, and what is derived from them as well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> None:
        self.database: Any = mongomock.MongoClient(tz_aware=True)[ROUTE.database]
        self.broker = FakeBroker()
        self.open_reader: Callable[..., Any] = self._reader
        self.run = Run(RUN, SeedParameters(**{"orders": 20} | parameters), AS_OF)
        self._arrive()
        self.sell(takings_of(self.run))
        monkeypatch.setattr(verify, "connected", lambda *_: nullcontext(self.database))
        monkeypatch.setattr(verify, "RecordReader", lambda *given, **more: self.open_reader(*given, **more))
        monkeypatch.setattr(verify, "SinkRescue", lambda *_: lambda: False)
        monkeypatch.setattr(verify, "everything_is_read", lambda *_: lambda: False)
        monkeypatch.setattr(verify, "KafkaAdmin", lambda _: SimpleNamespace(topic_id=lambda _: "topic-1"))

    @property
    def stored(self) -> Any:
        return self.database[ROUTE.collection]

    @property
    def revenue(self) -> Any:
        return self.database["hourly_revenue"]

    def sell(self, takings: Takings) -> None:
        for cell, amount in takings:
            self.revenue.replace_one({"_id": cell.document_id}, document(cell, amount), upsert=True)

    def revenue_follows(self, monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
        """Empties the hours; they are filled before the nth look at them."""
        self.revenue.delete_many({})
        look, left = Derived.look, iter(range(looks - 1))

        def fill_and_look(derived: Derived) -> Followed:
            if next(left, None) is None:
                self.sell(takings_of(self.run))
            return look(derived, lambda _: None)

        monkeypatch.setattr(Derived, "look", fill_and_look)

    def verify(self, deadline_s: float = 0.0, stall_limit_s: float = 0.0) -> Report:
        return verify.verify_run(RUN, PIPELINE, SERVICES, deadline_s, stall_limit_s=stall_limit_s)

    def _arrive(self) -> None:
        start = tuple(
            PartitionOffset(topic=name, partition=n, offset=0) for name in ROUTE.topics for n in (0, 1)
        )
        update = {"start_offsets": start, "completed_at": COMPLETED}
        RunStore(self.database).begin(manifest_of(self.run).model_copy(update=update))
        for sale in self.run.sales():
            self.broker.append(ROUTE.orders_topic, sale.order.order_id.encode())
            if sale.payment is not None:
                for _ in range(sale.copies):
                    self.broker.append(ROUTE.payments_topic, sale.payment.payment_id.encode())
        for sale in (sale for sale in self.run.sales() if sale.pairs):
            self.broker.append(ROUTE.joined_topic, sale.order.order_id.encode())
            self.stored.insert_one(document_of(sale))
        for mismatch in mismatch_documents(self.run):
            self.database["payment_mismatches"].insert_one(mismatch)

    def _reader(self, service: Any, start: Any, **more: Any) -> RecordReader:
        return RecordReader(service, start, FakeConsumer(self.broker), **more)
