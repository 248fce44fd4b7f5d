"""Messages that a source topic lost, whether or not an order is missing because of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from macd.clients.records import Position, RecordReader
from macd.errors import DeadlineExceeded
from macd.producer.manifest import Acknowledged, Manifest, PartitionOffset
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Kind, Run, Sale
from macd.quality.reconcile import Outcome
from macd.quality.sources import on_sources
from tests.unit.macd.fakes import AS_OF, KAFKA, FakeBroker, FakeConsumer
from tests.unit.macd.quality.test_reconcile import ROUTE, Arrived, failed

SHARES = {"unpaid_share": 0.1, "outside_window_share": 0.1, "duplicate_share": 0.2}
RUN = Run("r", SeedParameters(orders=60, **SHARES), AS_OF)
SALES = list(RUN.sales())
ORDERS, PAYMENTS = ROUTE.sources
Lost = set[tuple[str, int]]


def first(kind: Kind, copies: int) -> Sale:
    return next(sale for sale in SALES if (sale.kind, sale.copies) == (kind, copies))


class World:
    """The source topics of a run without the messages in `lost` (topic and order's number)."""

    def __init__(self, lost: Lost = frozenset(), expired: dict[str, int] | None = None) -> None:
        self.broker = FakeBroker()
        for sale in SALES:
            if (ORDERS, sale.number) not in lost:
                self.broker.append(ORDERS, sale.order.order_id.encode())
            for _ in range(sale.copies if (PAYMENTS, sale.number) not in lost else 0):
                assert sale.payment
                self.broker.append(PAYMENTS, sale.payment.payment_id.encode())
        self.ends = {place: len(log) for place, log in self.broker.partitions.items()}
        self.beginnings = [Position(topic, 0, offset) for topic, offset in (expired or {}).items()]

    def judged(self, check: Callable[[], None] = lambda: None, **changes: object) -> Outcome:
        arrived = Arrived(RUN)
        manifest = self._manifest(arrived.manifest).model_copy(update=changes)
        start = manifest.start_of(ROUTE.sources)
        reader = RecordReader(KAFKA, start, FakeConsumer(self.broker, batch=5), check=check)
        found = on_sources(manifest, ROUTE, reader, lambda: self.beginnings)
        arrived.manifest, arrived.present, arrived.expired = manifest, *found
        return arrived.reconciled()

    def _manifest(self, manifest: Manifest) -> Manifest:
        ends = [
            PartitionOffset(topic=topic, partition=at, offset=end) for (topic, at), end in self.ends.items()
        ]
        start = tuple(each.model_copy(update={"offset": 0}) for each in ends)
        return manifest.model_copy(update={"start_offsets": start, "end_offsets": tuple(ends)})


def test_nothing_is_missed_where_everything_is_there() -> None:
    outcome = World().judged()
    assert (outcome.figures.messages_missing, outcome.figures.offsets_expired) == (0, 0)
    assert failed(outcome) == set()


@pytest.mark.parametrize(
    ("topic", "sale", "messages"),
    [
        (ORDERS, first(Kind.UNPAID, 0), 1),
        (ORDERS, first(Kind.OUTSIDE_WINDOW, 1), 1),
        (PAYMENTS, first(Kind.OUTSIDE_WINDOW, 1), 1),
        (ORDERS, first(Kind.PAID, 1), 1),
        (PAYMENTS, first(Kind.PAID, 2), 2),
    ],
)
def test_a_lost_message_is_found_though_no_order_is_missing(topic: str, sale: Sale, messages: int) -> None:
    outcome = World({(topic, sale.number)}).judged()
    assert outcome.figures.messages_missing == outcome.samples.lost.count == messages
    assert {(each.order_id, each.where) for each in outcome.samples.lost.first} == {
        (sale.order.order_id, topic)
    }
    assert failed(outcome) == {"no_message_missing"}


def test_what_retention_has_passed_is_not_missed_and_said() -> None:
    unpaid, paid = first(Kind.UNPAID, 0), first(Kind.PAID, 1)
    lost = {(ORDERS, unpaid.number), (ORDERS, paid.number)}
    outcome = World(lost, expired={ORDERS: 2}).judged()
    assert (outcome.figures.messages_missing, outcome.figures.offsets_expired) == (0, 2)
    assert failed(outcome) == set()
    outcome = World({*lost, (PAYMENTS, paid.number)}, expired={ORDERS: 2}).judged()
    assert (outcome.figures.messages_missing, outcome.figures.offsets_expired) == (1, 2)
    assert [each.where for each in outcome.samples.lost.first] == [PAYMENTS]


def test_only_the_runs_own_offsets_count_as_expired() -> None:
    world = World(expired={ORDERS: 10_000})
    of_the_run = world.ends[ORDERS, 0]
    assert world.judged().figures.offsets_expired == of_the_run


def test_a_complete_run_is_read_to_its_end_and_no_further() -> None:
    world = World()
    for number in range(10_000):
        world.broker.append(ORDERS, f"another run's {number}".encode())
        world.broker.append(PAYMENTS, f"another run's {number}".encode())
    source = FakeConsumer(world.broker, batch=5)
    manifest = world._manifest(Arrived(RUN).manifest)
    reader = RecordReader(KAFKA, manifest.start_of(ROUTE.sources), source)
    on_sources(manifest, ROUTE, reader, list)
    assert max(source.positions.values()) < 200


def test_of_a_run_that_was_not_produced_to_its_end_only_what_was_acknowledged_is_missed() -> None:
    started = {"status": "started", "end_offsets": (), "acknowledged": Acknowledged(orders=58, payments=3)}
    late = {(ORDERS, sale.number) for sale in SALES[-3:]} | {(PAYMENTS, sale.number) for sale in SALES}
    outcome = World(late).judged(**started)
    assert outcome.figures.messages_missing == 1 + 3


def test_a_lost_message_that_was_sent_again_is_there() -> None:
    sale = first(Kind.UNPAID, 0)
    world = World({(ORDERS, sale.number)})
    world.broker.append(ORDERS, sale.order.order_id.encode())
    assert world.judged().figures.messages_missing == 0


def test_what_comes_behind_a_run_is_not_read_where_all_is_there() -> None:
    """However Kafka's batches fall: a second copy of one does not stand for another."""
    sale, other = first(Kind.UNPAID, 0), first(Kind.OUTSIDE_WINDOW, 1)
    world = World()
    for _ in range(7):
        world.broker.append(ORDERS, sale.order.order_id.encode())
    assert world.judged().figures.messages_missing == 0
    world = World({(ORDERS, other.number)})
    for _ in range(7):
        world.broker.append(ORDERS, sale.order.order_id.encode())
    assert world.judged().figures.messages_missing == 1


def test_a_partition_that_came_later_excuses_nothing() -> None:
    sale = first(Kind.UNPAID, 0)
    world = World({(ORDERS, sale.number)})
    world.beginnings = [Position(ORDERS, 7, 500)]
    figures = world.judged().figures
    assert (figures.messages_missing, figures.offsets_expired) == (1, 0)


def test_what_cannot_be_read_to_its_end_behind_a_run_does_not_keep_its_report_from_coming_out() -> None:
    sale = first(Kind.UNPAID, 0)
    world = World({(ORDERS, sale.number)})
    for _ in range(400):
        world.broker.append(ORDERS, b"of another run")
    polls = itertools.count()

    def check() -> None:
        if next(polls) > 60:
            raise DeadlineExceeded("It took too long.", remedy="-")

    assert world.judged(check=check).figures.messages_missing == 1
