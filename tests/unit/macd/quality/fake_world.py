"""A small run beside a neighbour on a broker and a MongoDB in memory, judged by the code of `verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import bson
import mongomock
from bson import CodecOptions, Decimal128, Int64
from bson.codec_options import DatetimeConversion

from macd.clients.records import Position, RecordReader
from macd.health.strays import Strays, find_strays
from macd.producer.manifest import Manifest, Totals, offsets
from macd.producer.parameters import SeedParameters
from macd.producer.route import route_of
from macd.producer.sales import Kind, Run, Sale
from macd.producer.store import RunStore
from macd.quality.documents import dollars
from macd.quality.reconcile import Seen
from macd.quality.report import Report, ReportStore
from macd.quality.sources import on_sources
from macd.quality.takings import Takings, TakingsBook
from macd.quality.verify import compared, report_on
from macd.quality.waiting import Waited
from macd.quality.watch import RunWatch
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.macd.fakes import (
    AS_OF,
    KAFKA,
    FakeBroker,
    FakeConsumer,
    FakeMessage,
    document_of,
    mismatch_of,
)
from tests.unit.macd.quality.test_reconcile import manifest_of

PIPELINE = load_pipeline(REPOSITORY / "include", "local")
ROUTE = route_of(PIPELINE)
ORDERS, PAYMENTS = ROUTE.sources
JOINED, DEAD_LETTERS = ROUTE.joined_topic, str(ROUTE.dead_letter_topic)
TOPIC_ID = "topic-1"
PARAMETERS = SeedParameters(
    orders=24, unpaid_share=0.125, mismatch_share=0.125, outside_window_share=0.125, duplicate_share=0.25
)
# As macd.clients.mongodb reads documents.
CONNECTED = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)


class Judged(NamedTuple):
    """The verdict on the run, and what the checkup finds beside the runs."""

    report: Report
    strays: Strays


class FakeWorld:
    """Both runs have arrived; what happens to the first one is up to a test."""

    def __init__(self, seed: int = 0) -> None:
        self.broker = FakeBroker()
        self.books: Any = mongomock.MongoClient(tz_aware=True)["macd"]
        self.orders, self.mismatches, self.revenue = (
            self.books.client[sink.database][sink.collection]
            for stores in ("joined_orders", "payment_mismatches", "hourly_revenue")
            for sink in PIPELINE.connectors
            if sink.stores == stores
        )
        self.sold = Takings()
        few = SeedParameters(orders=6, mismatch_share=0.2)
        self._seed(Run("neighbour", few, AS_OF + 1), noted=True)
        self.run = Run("r", PARAMETERS.model_copy(update={"seed": seed}), AS_OF)
        self.sales = list(self.run.sales())
        self._seed(self.run, noted=False)
        self._sum_up()
        self._untouched = list(self.sales)

    def take(self, pick: Callable[[list[Sale]], Sale], fits: Callable[[Sale], bool]) -> Sale:
        """One of the run's sales that nothing has happened to yet."""
        sale = pick([sale for sale in self._untouched if fits(sale)])
        self._untouched.remove(sale)
        return sale

    def judged(self) -> Judged:
        """As `verify` and the checkup do it."""
        manifest = RunStore(self.books).get(self.run.run_id)
        watch = RunWatch(manifest, ROUTE, self._reader(manifest, JOINED, DEAD_LETTERS), self.orders)
        watch.look()
        sources = on_sources(manifest, ROUTE, self._reader(manifest, *ROUTE.sources), lambda: ())
        seen = Seen(watch.joined, watch.dead_letters, watch.unordered)
        derived = compared(manifest, PIPELINE, seen, sources, self.books, lambda: TOPIC_ID)
        if derived.may_follow:
            derived.look(lambda _: None)
        derived.note()
        report = report_on("r", PIPELINE.checks_of("run"), derived.compare(), Waited(True, 0))
        ReportStore(self.books).save(report)
        assert Report.from_mongo(bson.decode(bson.encode(report.to_mongo()), CONNECTED)) == report
        return Judged(report, find_strays(self.books, ROUTE))

    def store(self, collection: Any, document: dict[str, Any]) -> None:
        """Puts a document in place of the one with its _id, as it comes back from MongoDB."""
        [read] = _stored([document])
        collection.replace_one({"_id": read["_id"]}, read, upsert=True)

    def lose(self, topic: str, key: str) -> None:
        """Takes one message with this key out of a topic; its offset stays empty for the run."""
        log, at = next(
            (log, message.at)
            for (name, _), log in self.broker.partitions.items()
            for message in log
            if (name, message.key()) == (topic, key.encode())
        )
        log[at] = FakeMessage(log[at].where, b"nobody's", at=at)

    def _reader(self, manifest: Manifest, *topics: str) -> RecordReader:
        return RecordReader(KAFKA, manifest.start_of(topics), FakeConsumer(self.broker, batch=50))

    def _seed(self, run: Run, *, noted: bool) -> None:
        start = self._ends()
        takings = Takings()
        arrived = [sale for sale in run.sales() if sale.pairs]
        for sale in run.sales():
            self._send(sale)
        for sale in arrived:
            takings.add(sale)
        self.orders.insert_many(_stored(map(document_of, arrived)))
        self.mismatches.insert_many(
            _stored(mismatch_of(sale) for sale in arrived if sale.kind is Kind.MISMATCHED)
        )
        ends = [at for at in self._ends() if at.topic in ROUTE.sources]
        totals = Totals(
            order_cents=sum(sale.order.total_cents for sale in run.sales()),
            payment_cents=sum(sale.payment.amount_cents for sale in run.sales() if sale.payment),
        )
        changes = {"start_offsets": offsets(start), "end_offsets": offsets(ends), "totals": totals}
        RunStore(self.books).begin(manifest_of(run).model_copy(update=changes))
        if noted:
            TakingsBook(self.books, TOPIC_ID).save(run.run_id, run.as_of, takings)
        for cell, amount in takings:
            self.sold.count(cell, amount)

    def _send(self, sale: Sale) -> None:
        """To both topics and through the join."""
        key = sale.order.order_id.encode()
        self.broker.append(ORDERS, key)
        for _ in range(sale.copies):
            assert sale.payment
            self.broker.append(PAYMENTS, sale.payment.payment_id.encode())
        for _ in range(sale.pairs):
            self.broker.append(JOINED, key)

    def _sum_up(self) -> None:
        hours = (
            {
                "_id": cell.document_id,
                "hour": cell.start,
                "payment_method": cell.method,
                "orders": Int64(amount.orders),
                "revenue": Decimal128(dollars(amount.cents)),
                "average_basket": Decimal128(dollars(round(amount.cents / amount.orders))),
            }
            for cell, amount in self.sold
        )
        self.revenue.insert_many(_stored(hours))

    def _ends(self) -> list[Position]:
        logs = self.broker.partitions
        return [Position(topic, at, len(logs[topic, at])) for topic in ROUTE.topics for at in (0, 1)]


def _stored(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bson.decode(bson.encode(document), CONNECTED) for document in documents]
