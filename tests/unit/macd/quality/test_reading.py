"""What a check reads of the topics when they are not as they were when its run began."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import mongomock
import pytest

from macd.clients import records
from macd.errors import DeadlineExceeded, QualityCheckFailed
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.producer.store import RunStore
from macd.quality import verify, watch
from macd.quality.report import Report
from macd.quality.verify import raise_for_failures, verify_run
from macd.quality.watch import watch_run
from macd.specs import resolve_services
from tests.unit.macd.fakes import AS_OF, FakeBroker, FakeConsumer, document_of
from tests.unit.macd.quality.test_reconcile import PIPELINE, ROUTE, manifest_of

SERVICES = resolve_services(PIPELINE.target, {})
# The others store what is derived, which these tests are not about.
SINK = next(sink for sink in PIPELINE.connectors if sink.stores == "joined_orders")
JOINED_ONLY = PIPELINE.model_copy(update={"connectors": (SINK,)})
RUN = Run("r", SeedParameters(orders=40), AS_OF)


class World:
    """A run that has arrived: every order is on its topics, joined and stored."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.broker = FakeBroker()
        database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
        for module in (verify, watch):
            patch.setattr(module, "connected", lambda _: nullcontext(database))
        patch.setattr(verify, "SinkRescue", lambda *_: lambda: False)
        patch.setattr(verify, "everything_is_read", lambda *_: lambda: False)
        patch.setattr(watch, "OPEN_FOR_LONG_S", 0.0)
        patch.setattr(records, "KafkaSource", self.consumer)
        RunStore(database).begin(manifest_of(RUN))
        self.documents = database.client[ROUTE.database][ROUTE.collection]
        for sale in RUN.sales():
            assert sale.payment is not None
            self.broker.append(ROUTE.orders_topic, sale.order.order_id.encode())
            self.broker.append(ROUTE.payments_topic, sale.payment.payment_id.encode())
            self.broker.append(ROUTE.joined_topic, sale.order.order_id.encode())
            self.documents.insert_one(document_of(sale))

    def consumer(self, _: Any, exhaustive: bool, uncommitted: bool) -> FakeConsumer:
        return FakeConsumer(self.broker, uncommitted=uncommitted)

    def verify(self, deadline_s: float = 0.4, stall_limit_s: float = 0.05) -> Report:
        return verify_run("r", JOINED_ONLY, SERVICES, deadline_s, stall_limit_s=stall_limit_s)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_an_earlier_run_whose_join_was_made_anew_is_verified(world: World) -> None:
    """Its records were deleted and written again behind them."""
    for partition in (0, 1):
        place = (ROUTE.joined_topic, partition)
        first = list(world.broker.partitions[place])
        world.broker.begins[place] = len(first)
        for record in first:
            assert record is not None
            world.broker.append_to(place, record.key() or b"")
    report = world.verify()
    assert (report.settled, report.figures.pairs_joined, report.figures.orders_stored) == (True, 40, 40)
    assert (report.figures.orders_duplicate, report.notes) == (0, ())


def test_what_a_topic_has_lost_for_good_is_told_beside_the_figures(world: World) -> None:
    for partition in (0, 1):
        place = (ROUTE.joined_topic, partition)
        world.broker.begins[place] = len(world.broker.partitions[place])
    report = world.verify()
    assert (report.settled, report.figures.pairs_joined) == (False, 0)
    [note] = report.notes
    assert note.startswith(f"topic {ROUTE.joined_topic} no longer holds all that was written")


def test_an_open_transaction_is_waited_for_to_the_deadline_and_told_with_what_to_do(world: World) -> None:
    for partition in (0, 1):
        world.broker.open_since[ROUTE.joined_topic, partition] = 3
    report = world.verify()
    assert (report.settled, report.figures.pairs_joined) == (False, 6)
    assert report.waited_s >= 0.4, "not given up after the stall limit"
    assert len(report.notes) == 2
    told = f"of topic {ROUTE.joined_topic} are behind a transaction that is still open (since offset 3 of"
    assert all(told in note and "find-hanging" in note for note in report.notes)
    assert f"note: {report.notes[0]}" in report.render_text()
    with pytest.raises(QualityCheckFailed, match=r"Note: .*transaction that is still open"):
        raise_for_failures(report)
    assert Report.from_mongo(report.to_mongo()) == report


def test_a_message_behind_an_open_transaction_is_on_its_topic(world: World) -> None:
    """The join alone may not have seen it yet."""
    for partition in (0, 1):
        world.broker.open_since[ROUTE.orders_topic, partition] = 0
        world.broker.partitions[ROUTE.joined_topic, partition].clear()
    world.documents.delete_many({})
    figures = world.verify().figures
    assert (figures.missing_not_on_topic, figures.missing_not_joined) == (0, 40)


def test_a_report_of_the_version_before_has_no_notes(world: World) -> None:
    document = world.verify().to_mongo()
    del document["notes"]
    assert Report.from_mongo(document).notes == ()


def test_orders_on_a_partition_that_came_later_are_found(world: World) -> None:
    """All of one partition's records, as if they had been written behind the new number of partitions."""
    place = (ROUTE.joined_topic, 1)
    moved = world.broker.partitions.pop(place)
    for record in moved:
        assert record is not None
        world.broker.append_to((ROUTE.joined_topic, 2), record.key() or b"")
    assert world.verify().figures.pairs_joined == 40


def test_a_read_that_takes_longer_than_it_may_makes_no_report(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not read would be reported as lost."""
    monkeypatch.setattr(verify, "READ_LIMIT_S", 0.0)
    with pytest.raises(DeadlineExceeded, match="reading was not done within 0 s"):
        world.verify(deadline_s=0.0)


def test_a_watch_is_cancelled_while_it_reads(world: World) -> None:
    class Cancelled(Exception):
        pass

    def check() -> None:
        raise Cancelled

    with watch_run("r", PIPELINE, SERVICES, check) as followed, pytest.raises(Cancelled):
        followed.look()
