"""Starting, resuming and repeating a run, against a broker and a database in memory."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import mongomock
import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from macd.clients.records import Position
from macd.errors import DeliveryFailed, RequestRejected, ServiceUnreachable, SpecError
from macd.producer import seed
from macd.producer.delivery import Delivery
from macd.producer.encoding import order_encoder, payment_encoder
from macd.producer.manifest import Manifest
from macd.producer.parameters import SeedParameters
from macd.producer.resume import begin, check_still_there, count_present, earlier_records
from macd.producer.route import route_of
from macd.producer.seed import Encoders, acknowledged, produce, seed_run
from macd.producer.store import RunStore
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.macd.fakes import KAFKA, FakeBroker, FakeConsumer, FakeDatabase, FakeProducer, seed_parameters

PIPELINE = load_pipeline(REPOSITORY / "include", "local")
ROUTE = route_of(PIPELINE)
ENCODERS = Encoders(order_encoder(1, ROUTE.order_schema), payment_encoder(2, ROUTE.payment_schema))
NOW = datetime(2026, 7, 16, 12, 0, 0, 123456, tzinfo=UTC)


class World:
    """What a run touches."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.store = RunStore(FakeDatabase())
        self.said: list[str] = []

    def ends(self) -> tuple[Position, ...]:
        return tuple(
            Position(topic, partition, len(self.broker.partitions[topic, partition]))
            for topic in ROUTE.topics
            for partition in (0, 1)
        )

    def begin(self, parameters: SeedParameters, run_id: str = "r") -> Manifest:
        return begin(self.store, run_id, parameters, self.ends, NOW)

    def attempt(self, manifest: Manifest, delivers: float = float("inf")):
        """One attempt; the broker takes `delivers` messages and then dies."""
        start = manifest.start_of(ROUTE.sources)
        with earlier_records(KAFKA, start, FakeConsumer(self.broker)) as reader:
            present = count_present(manifest.run, ROUTE, reader.drain())
        sink = FakeProducer(self.broker, fate=lambda n: None if n < delivers else KafkaError._MSG_TIMED_OUT)
        delivery = Delivery(KAFKA, sink)
        totals = produce(manifest, ROUTE, present, ENCODERS, delivery, self.said.append)
        return totals, acknowledged(present, delivery, ROUTE), delivery.sent


def expected_messages(manifest):
    orders, payments = Counter(), Counter()
    for sale in manifest.run.sales():
        orders[sale.order.order_id.encode()] += 1
        if sale.payment:
            payments[sale.payment.payment_id.encode()] += sale.copies
    return orders, payments


def messages(broker):
    return tuple(Counter(message.key() for message in broker.of(topic)) for topic in ROUTE.sources)


@given(seed_parameters(40))
def test_a_run_produces_exactly_its_records(parameters):
    world = World()
    manifest = world.begin(parameters)
    totals, acked, sent = world.attempt(manifest)
    assert messages(world.broker) == expected_messages(manifest)
    sales = list(manifest.run.sales())
    assert totals.order_cents == sum(sale.order.total_cents for sale in sales)
    assert totals.payment_cents == sum(sale.payment.amount_cents for sale in sales if sale.payment)
    assert (acked.orders, acked.payments) == (manifest.counts.orders, manifest.counts.payments)
    assert sent == acked.orders + acked.payments
    assert "every one acknowledged" in world.said[-1]


@given(seed_parameters(40), st.lists(st.integers(0, 60), max_size=3))
def test_resuming_at_any_point_gives_the_same_records_and_no_duplicate(parameters, deaths):
    world = World()
    world.attempt(world.begin(SeedParameters(orders=5), "an earlier run"))
    for delivers in deaths:
        try:
            world.attempt(world.begin(parameters), delivers)
        except DeliveryFailed:
            world.attempt(world.begin(SeedParameters(orders=3), "a run beside it"))
    manifest = world.begin(parameters)
    _, acked, _ = world.attempt(manifest)
    expected, found = expected_messages(manifest), messages(world.broker)
    for wanted, got in zip(expected, found, strict=True):
        assert {key: got[key] for key in wanted} == wanted
    assert (acked.orders, acked.payments) == (manifest.counts.orders, manifest.counts.payments)


@pytest.mark.parametrize("emptied", [True, False])
def test_a_run_is_not_resumed_where_its_messages_may_be_gone(emptied):
    """They may have been joined: sent again they would be there twice."""
    world = World()
    world.attempt(world.begin(SeedParameters(orders=5), "an earlier run"))
    manifest = world.begin(SeedParameters(orders=20))
    with pytest.raises(DeliveryFailed):
        world.attempt(manifest, delivers=20)
    where = (ROUTE.orders_topic, 0)
    if emptied:
        world.broker.begins[where] = len(world.broker.partitions[where])
    else:
        world.broker.partitions[where].clear()
    before = messages(world.broker)
    with pytest.raises(RequestRejected, match=r"macd_orders no longer holds all .*Start a new run"):
        world.attempt(manifest)
    assert messages(world.broker) == before


def test_messages_on_a_partition_that_came_later_are_not_sent_again():
    world = World()
    manifest = world.begin(SeedParameters(orders=20))
    with pytest.raises(DeliveryFailed):
        world.attempt(manifest, delivers=20)
    sale = list(manifest.run.sales())[-1]
    world.broker.append_to((ROUTE.orders_topic, 2), sale.order.order_id.encode())
    world.attempt(manifest)
    assert messages(world.broker) == expected_messages(manifest)


def test_repeating_a_finished_run_sends_nothing():
    world = World()
    manifest = world.begin(SeedParameters(orders=30, duplicate_share=0.5))
    world.attempt(manifest)
    assert world.attempt(world.begin(manifest.parameters))[2] == 0


def test_the_start_is_fixed_when_the_run_begins():
    world = World()
    first = world.begin(SeedParameters())
    again = begin(world.store, "r", SeedParameters(), world.ends, datetime(2027, 1, 1, tzinfo=UTC))
    assert again == first
    assert first.as_of == int(NOW.timestamp() * 1000)


def test_other_parameters_for_the_same_run_are_refused_by_name_and_value():
    world = World()
    world.begin(SeedParameters(orders=10))
    with pytest.raises(SpecError, match=r"other parameters \(orders 10, now 11\)"):
        world.begin(SeedParameters(orders=11))


def test_who_begins_second_follows_the_first():
    world = World()
    first = world.begin(SeedParameters())
    late = first.model_copy(update={"as_of": first.as_of + 5})
    assert world.store.begin(late) == first


def test_an_unknown_run_is_refused_with_the_known_ones():
    world = World()
    with pytest.raises(SpecError, match="Seed a run first"):
        world.store.get("nope")
    world.begin(SeedParameters(), "run-1")
    with pytest.raises(SpecError, match="latest runs: run-1"):
        world.store.get("nope")


def test_a_topic_created_anew_is_noticed():
    world = World()
    manifest = world.begin(SeedParameters(orders=20))
    world.attempt(manifest)
    complete = manifest.model_copy(
        update={"end_offsets": tuple(at for at in world.begin(manifest.parameters).start_offsets)}
    )
    check_still_there(complete, world.ends())
    longer = Manifest.from_mongo(
        {
            **complete.to_mongo(),
            "end_offsets": [{"topic": "macd_orders", "partition": 0, "offset": 10_000}],
        }
    )
    with pytest.raises(RequestRejected, match="macd_orders is shorter than run 'r' left it"):
        check_still_there(longer, world.ends())


def test_a_manifest_survives_mongodb():
    manifest = World().begin(SeedParameters(orders=7, unpaid_share=0.3))
    assert Manifest.from_mongo(manifest.to_mongo()) == manifest
    assert manifest.to_mongo()["_id"] == "r"


def test_a_run_goes_on_when_a_service_is_back(monkeypatch):
    """Kafka is away when the first attempt looks what is on the topics, and a second later it is there."""
    world, said, database = World(), [], mongomock.MongoClient(tz_aware=True)["macd"]
    outages = iter([ServiceUnreachable("Kafka", "no answer.", remedy="Start it.")])

    def read(service, start):
        for outage in outages:
            raise outage
        return earlier_records(service, start, FakeConsumer(world.broker))

    registry = SimpleNamespace(find=lambda *_: SimpleNamespace(schema_id=1))
    monkeypatch.setattr(seed, "SchemaRegistry", lambda _: registry)
    monkeypatch.setattr(seed, "connected", lambda _: nullcontext(database))
    monkeypatch.setattr(seed, "end_offsets", lambda *_: world.ends())
    monkeypatch.setattr(seed, "earlier_records", read)
    monkeypatch.setattr(seed, "Delivery", lambda _, **how: Delivery(KAFKA, FakeProducer(world.broker), **how))
    services = SimpleNamespace(kafka=KAFKA, mongodb=None, schema_registry=None)
    manifest = seed_run("r", SeedParameters(orders=6), PIPELINE, services, said.append)
    assert (manifest.status, manifest.attempt) == ("complete", 2)
    assert messages(world.broker) == expected_messages(manifest)
    assert [line.partition(",")[0] for line in said if "no answer" in line] == ["Trying again"]
