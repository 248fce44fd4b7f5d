"""Two producers of one run, held and killed anywhere: every message is sent once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from macd.clients.records import Position, RecordReader
from macd.errors import DeadlineExceeded, DeliveryFailed, LeaseLost, ServiceUnreachable
from macd.producer.delivery import Delivery
from macd.producer.manifest import Manifest
from macd.producer.parameters import SeedParameters
from macd.producer.seed import Seeder
from macd.producer.store import RunStore
from tests.unit.macd.fakes import KAFKA, FakeBroker, FakeConsumer, FakeProducer
from tests.unit.macd.producer.test_seed import ENCODERS, ROUTE, expected_messages, messages
from tests.unit.macd.repair.world import Killed

PARAMETERS = SeedParameters(orders=6, unpaid_share=0.2, duplicate_share=0.5)
RUN_ID = "r"
# What one producer takes from its beginning to its end.
MOST_STEPS = 28


class World:
    """A broker, a database and the time, which passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.database: Any = mongomock.MongoClient(tz_aware=True)["macd"]
        self.now = 1000.0
        self.mongodb_is_away = False
        self.complete: dict[str, Any] = {}

    def put(self, document: dict[str, Any]) -> None:
        self.database["seeding_runs"].replace_one({"_id": RUN_ID}, document)

    @property
    def document(self) -> dict[str, Any]:
        return self.database["seeding_runs"].find_one({"_id": RUN_ID})

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        lease = (self.document or {}).get("lease")
        if lease:
            earlier = lease["renewed_at"] - timedelta(seconds=seconds)
            self.put({**self.document, "lease": {**lease, "renewed_at": earlier}})

    def is_right(self) -> bool:
        """Whether the run is complete and each of its messages is there as often as it should be."""
        manifest = RunStore(self.database).get(RUN_ID)
        orders, payments = expected_messages(manifest)
        acknowledged = (manifest.acknowledged.orders, manifest.acknowledged.payments)
        return (
            manifest.status == "complete"
            and messages(self.broker) == (orders, payments)
            and acknowledged == (orders.total(), payments.total())
            and manifest.lease is None
        )


class Producer:
    """A process that may be held or killed at any of its steps; what it does then is up to the test."""

    def __init__(self, world: World, at: int = -1, then: Callable[[], Any] = lambda: None) -> None:
        self.world, self.at, self.then = world, at, then
        self.steps = 0
        self.dead = False
        self.said: list[str] = []
        # At once as long as a lease, so that waiting for one is a single step.
        self.sleep: Callable[[float], Any] = lambda _: world.pass_by(31)
        self.sink = SteppingProducer(self)

    def step(self) -> None:
        if self.dead:
            raise Killed
        self.steps += 1
        if self.steps == self.at:
            self.then()

    def die(self) -> None:
        self.dead = True
        raise Killed

    def seed(self) -> Manifest:
        seeder = Seeder(
            store=SteppingStore(self),
            route=ROUTE,
            encoders=ENCODERS,
            ends=self.ends,
            read=self.read,
            deliver=lambda **how: Delivery(KAFKA, self.sink, self.clock, **how),
            say=self.said.append,
            clock=self.clock,
            sleep=self.sleep,
        )
        return seeder(RUN_ID, PARAMETERS)

    def clock(self) -> float:
        self.world.now += 0.001
        return self.world.now

    def ends(self, topics: Iterable[str]) -> tuple[Position, ...]:
        self.step()
        logs = self.world.broker.partitions
        return tuple(Position(topic, at, len(logs[topic, at])) for topic in topics for at in (0, 1))

    def read(self, start: Iterable[Position]) -> RecordReader:
        self.step()
        return RecordReader(KAFKA, start, FakeConsumer(self.world.broker, batch=2))


class SteppingProducer(FakeProducer):
    """Steps before a message is queued, and not between a look at the lease and the hand-over."""

    def __init__(self, owner: Producer, **how: Any) -> None:
        super().__init__(owner.world.broker, capacity=3, **how)
        self.owner = owner

    def produce(self, topic: str, **message: Any) -> None:
        self.owner.step()
        super().produce(topic, **message)

    def purge(self, in_queue: bool = True, in_flight: bool = True) -> None:
        self.owner.step()
        super().purge()


class SteppingStore(RunStore):
    """Steps before and after everything that is asked of MongoDB."""

    def __init__(self, owner: Producer) -> None:
        super().__init__(owner.world.database)
        self.owner = owner

    def begin(self, *arguments: Any) -> Any:
        return self._between(super().begin, *arguments)

    def take(self, *arguments: Any) -> Any:
        return self._between(super().take, *arguments)

    def renew(self, *arguments: Any) -> Any:
        return self._between(super().renew, *arguments)

    def note(self, *arguments: Any, **changes: Any) -> Any:
        return self._between(super().note, *arguments, **changes)

    def _between(self, do: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        self.owner.step()
        if self.owner.world.mongodb_is_away:
            self.owner.world.now += 5
            raise AutoReconnect("nobody there")
        done = do(*arguments, **more)
        self.owner.step()
        return done


@given(st.integers(1, MOST_STEPS), st.integers(1, MOST_STEPS), st.booleans())
def test_a_producer_that_is_held_anywhere_gives_way_to_the_next(
    held_at: int, killed_at: int, goes_on: bool
) -> None:
    """The first one stands still while a second one begins and is killed; somebody ends it, then or later."""
    world = World()

    def meanwhile() -> None:
        second = Producer(world, at=killed_at)
        second.then = second.die
        with suppress(Killed):
            second.seed()
        if goes_on:
            Producer(world).seed()

    first = Producer(world, at=held_at, then=meanwhile)
    with suppress(LeaseLost):
        assert first.seed().status == "complete"
    assert Producer(world).seed().status == "complete"
    assert world.is_right()


@given(st.lists(st.integers(1, MOST_STEPS), max_size=3))
def test_a_producer_that_is_killed_anywhere_is_continued(kills: list[int]) -> None:
    world = World()
    for at in kills:
        killed = Producer(world, at=at)
        killed.then = killed.die
        with suppress(Killed):
            killed.seed()
    assert Producer(world).seed().status == "complete"
    assert world.is_right()


@pytest.fixture
def at_work() -> World:
    """A world in which somebody produces the run just now; it is in fact complete."""
    world = World()
    Producer(world).seed()
    world.complete = world.document
    now = datetime.now(UTC)
    lease = {"owner": "host-a:4711 (0a1b2c3d)", "since": now, "renewed_at": now}
    world.put({**world.complete, "status": "started", "lease": lease})
    return world


def test_while_one_is_at_work_the_other_waits_says_so_and_gives_up(at_work: World) -> None:
    other, slept = Producer(at_work), list[float]()
    other.sleep = slept.append  # the lease stays fresh, as if it were renewed
    with pytest.raises(
        DeadlineExceeded, match=r"Run 'r' is being seeded by host-a:4711 \(0a1b2c3d\) since \d"
    ):
        other.seed()
    assert sum(slept) == 31
    assert len(other.said) == 1
    assert "waiting up to 30 s" in other.said[0]
    assert other.sink.handled == 0
    assert at_work.document["attempt"] == 1


def test_a_run_that_is_completed_while_one_waits_is_complete_already(at_work: World) -> None:
    other = Producer(at_work)
    other.sleep = lambda _: at_work.put(at_work.complete)
    assert other.seed().status == "complete"
    assert other.said[1:] == ["Run 'r' is complete already; nothing to send."]
    assert other.sink.handled == 0
    assert at_work.is_right()


def test_a_late_failure_does_not_touch_a_complete_run() -> None:
    world = World()
    first = Producer(world, then=lambda: Producer(world).seed())

    def time_out(_: int) -> int:
        first.at = first.steps + 1
        return KafkaError._MSG_TIMED_OUT

    first.sink = SteppingProducer(first, fate=time_out)
    with pytest.raises(DeliveryFailed, match="not acknowledge"):
        first.seed()
    assert world.is_right()


def test_after_messages_were_lost_the_run_is_not_free_at_once() -> None:
    """They may still reach Kafka."""
    world = World()
    first = Producer(world)
    first.sink = SteppingProducer(first, fate=lambda n: KafkaError._MSG_TIMED_OUT if n == 4 else None)
    with pytest.raises(DeliveryFailed, match="not acknowledge"):
        first.seed()
    assert world.document["acknowledged"] == {"orders": 3, "payments": 2}
    waited_from = world.now
    Producer(world).seed()
    assert world.now - waited_from >= 29
    assert world.is_right()


def test_who_failed_before_anything_was_sent_lets_the_next_one_begin_at_once() -> None:
    world = World()

    def fail() -> None:
        raise ServiceUnreachable("Kafka", "is away.", remedy="none")

    first = Producer(world)
    first.read = lambda start: fail()  # type: ignore[method-assign]
    with pytest.raises(ServiceUnreachable):
        first.seed()
    began = world.now
    Producer(world).seed()
    assert world.now - began < 1


def test_who_cannot_renew_its_lease_stops_before_it_is_over_and_sends_nothing_more() -> None:
    world, handed_over = World(), list[int]()

    def vanish() -> None:
        world.mongodb_is_away = True
        handed_over.append(first.sink.handled)
        world.now += 16

    first = Producer(world, at=15, then=vanish)
    with pytest.raises(AutoReconnect):
        first.seed()
    assert handed_over == [first.sink.handled]
    assert len(first.sink) == 0
    assert 20 <= world.now - 1000 < 30, "somebody else may take the run after 30 s"
    world.mongodb_is_away = False
    Producer(world).seed()
    assert world.is_right()
