"""Writes a run's joined records again whose documents are not in the collection, or not as produced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pymongo.collection import Collection

from macd.clients.mongodb import Document, connected
from macd.clients.records import Record, RecordReader, end_offsets
from macd.producer.manifest import Manifest
from macd.producer.route import Route, route_of
from macd.producer.sales import Sale
from macd.producer.store import RunStore
from macd.quality.documents import differences
from macd.quality.report import Report
from macd.quality.verify import finder, raise_for_failures, verify_run
from macd.quality.watch import IDS_PER_QUERY, REPLAY_HEADER, RunWatch, batched, is_replay, watch_run
from macd.repair.replay import LISTED
from macd.repair.settle import Arrival, wait_for_arrival
from macd.repair.transactions import Outgoing, Transactions
from macd.rescue.sinks import SinkRescue, restart_failed_sinks
from macd.specs.endpoints import Services
from macd.specs.models import PipelineSpec

Say = Callable[[str], None]
# Seconds that a run which is still on its way is given before what is not there counts as lost.
LOOK_DEADLINE_S = 30.0
_ELSEWHERE = {
    "orders_dead_lettered": "dead-lettered: run macd_dlq_replay (`macd dead-letters`)",
    "missing_not_acknowledged": "not acknowledged: seed the same run id again; only what is missing is sent",
    "missing_not_on_topic": "not on their topic any more: seed a new run, their records are gone",
    "missing_not_joined": "not joined: look at the join's query (`macd status`)",
}


class Lost(NamedTuple):
    """A run's orders by their numbers: joined but not stored, and stored otherwise than produced."""

    missing: tuple[int, ...]
    altered: tuple[int, ...]

    def numbers(self, *, altered: bool) -> frozenset[int]:
        """Those to write again."""
        return frozenset(self.missing + self.altered if altered else self.missing)


class Survey(NamedTuple):
    """A run's report, and of its losses those that writing again mends."""

    report: Report
    lost: Lost
    examples: tuple[str, ...]

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """What was lost at other hops, and what to do about it."""
        figures = self.report.figures.model_dump()
        return tuple(f"{figures[name]:,} {advice}" for name, advice in _ELSEWHERE.items() if figures[name])

    def verdict(self, *, altered: bool) -> str:
        """One line."""
        again = len(self.lost.numbers(altered=altered))
        left = len(self.lost.altered)
        kept = f", {left:,} altered (left alone: altered is off)" if left and not altered else ""
        return "; ".join((f"{again:,} orders to write again{kept}", *self.elsewhere))


class Resunk(NamedTuple):
    """What was written again."""

    arrival: Arrival

    @property
    def verdict(self) -> str:
        """One line."""
        if not self.arrival.written:
            return "nothing was written again"
        return f"{self.arrival.written:,} orders written again: {self.arrival}"


def survey_run(
    run_id: str,
    pipeline: PipelineSpec,
    services: Services,
    deadline_s: float = LOOK_DEADLINE_S,
    say: Say = lambda _: None,
) -> Survey:
    """Reconciles the run and finds what can be mended; changes nothing but the run's stored report."""
    report = verify_run(run_id, pipeline, services, deadline_s, say)
    if report.obstacle is not None:
        raise_for_failures(report)
    route = route_of(pipeline)
    with connected(services.mongodb) as database:
        manifest = RunStore(database).get(run_id)
        lost = _lost(manifest, pipeline, services, database.client[route.database][route.collection])
    order_id = manifest.run.order_ids.maker()
    lines = [f"{order_id(number)}  not stored" for number in lost.missing[:LISTED]]
    lines += [f"{order_id(number)}  altered" for number in lost.altered[:LISTED]]
    return Survey(report, lost, tuple(lines))


def resink_run(
    run_id: str,
    pipeline: PipelineSpec,
    services: Services,
    *,
    altered: bool = False,
    say: Say = lambda _: None,
) -> Resunk:
    """Writes the lost orders' own records to the joined topic again and waits until they are stored.

    Asks the collection anew, so what has arrived since, or was mended by an attempt that was killed, is not
    written once more. Sinks that failed are restarted first.
    """
    route = route_of(pipeline)
    restart_failed_sinks(pipeline, services, say)
    with connected(services.mongodb) as database:
        manifest = RunStore(database).get(run_id)
        collection = database.client[route.database][route.collection]
        wanted = _lost(manifest, pipeline, services, collection).numbers(altered=altered)
        if not wanted:
            return Resunk(Arrival(0, 0, 0))
        topics = [topic for topic in (route.dead_letter_topic,) if topic is not None]
        ends = end_offsets(services.kafka, topics)
        write_again(manifest, route, services, wanted, say)
        sales = [sale for sale in manifest.run.sales() if sale.number in wanted]
        with RecordReader(services.kafka, ends) as reader:
            ids = [sale.order.order_id for sale in sales]
            find, rescue = as_produced(sales, finder(collection)), SinkRescue(pipeline, services, say)
            return Resunk(wait_for_arrival(ids, find, reader, rescue, say))


def lost_orders(manifest: Manifest, watch: RunWatch, find: Callable[[list[str]], Iterable[Document]]) -> Lost:
    """Compares what was joined, and is no dead letter, with the collection."""
    missing, altered = [], []
    for sales in batched(manifest.run.sales(), IDS_PER_QUERY):
        found = {document["_id"]: document for document in find([sale.order.order_id for sale in sales])}
        for sale in (sale for sale in sales if sale.pairs and watch.joined[sale.number]):
            document = found.get(sale.order.order_id)
            if document is None and sale.number not in watch.dead_letters:
                missing.append(sale.number)
            elif document is not None and differences(sale, document):
                altered.append(sale.number)
    return Lost(tuple(missing), tuple(altered))


def write_again(
    manifest: Manifest, route: Route, services: Services, wanted: frozenset[int], say: Say = lambda _: None
) -> None:
    """Every pair of the wanted orders as the join wrote it, in transactions of a thousand."""
    transactions = Transactions(services.kafka, f"macd-repair-{manifest.run_id}")
    written = 0
    with RecordReader(services.kafka, manifest.start_of((route.joined_topic,))) as reader:
        for records in batched(own_records(manifest, wanted, reader.drain()), IDS_PER_QUERY):
            transactions.write(outgoing(record) for record in records)
            written += len(records)
            say(f"{written:,} records of {len(wanted):,} orders written again")


def own_records(
    manifest: Manifest, wanted: frozenset[int], batches: Iterable[list[Record]]
) -> Iterator[Record]:
    """The wanted orders' records that the join wrote; those written again by a repair are left out."""
    ids = manifest.run.order_ids
    for record in (record for batch in batches for record in batch):
        if ids.number(record.key()) in wanted and not is_replay(record):
            yield record


def outgoing(record: Record) -> Outgoing:
    """The same record once more, for the partition that it lies in."""
    return Outgoing(
        topic=record.topic() or "",
        partition=record.partition() or 0,
        key=record.key(),
        value=record.value(),
        timestamp=record.timestamp()[1],
        headers=[*(record.headers() or ()), (REPLAY_HEADER, b"1")],
    )


def as_produced(
    sales: Iterable[Sale], find: Callable[[list[str]], Iterable[Document]]
) -> Callable[[list[str]], list[str]]:
    """Which of some of the sales' order ids have a document that is as it was produced."""
    by_id = {sale.order.order_id: sale for sale in sales}

    def arrived(ids: list[str]) -> list[str]:
        return [found["_id"] for found in find(ids) if not differences(by_id[found["_id"]], found)]

    return arrived


def _lost(
    manifest: Manifest, pipeline: PipelineSpec, services: Services, collection: Collection[Document]
) -> Lost:
    with watch_run(manifest.run_id, pipeline, services) as watch:
        watch.look()
        return lost_orders(manifest, watch, finder(collection))
