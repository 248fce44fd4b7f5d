from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import mongomock
from hypothesis import given
from hypothesis import strategies as st

from macd.clients.records import Position, RecordReader
from macd.producer.parameters import SeedParameters
from macd.producer.sales import Run
from macd.quality.watch import RunWatch
from macd.repair import replay, resink, settle
from macd.repair.affected import affected_runs
from macd.repair.resink import Lost, as_produced, lost_orders, outgoing, own_records
from macd.repair.settle import Arrival, ArrivalWatch, stored_ids, wait_for_arrival
from macd.rescue.sinks import SinkRescue
from tests.unit.macd.fakes import AS_OF, KAFKA, FakeBroker, FakeCollection, FakeConsumer, document_of, runs
from tests.unit.macd.quality.test_reconcile import ROUTE, manifest_of
from tests.unit.macd.rescue.test_sinks import PIPELINE, SERVICES

FATES = st.sampled_from(["stored", "deleted", "altered", "not joined", "dead-lettered"])


def reader(broker: FakeBroker, *topics: str) -> RecordReader:
    start = [Position(topic, partition, 0) for topic in topics for partition in (0, 1)]
    return RecordReader(KAFKA, start, FakeConsumer(broker))


@given(runs(40), st.data())
def test_only_what_was_joined_is_written_again_and_never_a_copy(run, data) -> None:
    broker, collection, manifest = FakeBroker(), FakeCollection(), manifest_of(run)
    fates: dict[int, str] = {}
    for sale in (sale for sale in run.sales() if sale.pairs):
        fate = fates[sale.number] = data.draw(FATES)
        key = sale.order.order_id.encode()
        for _ in range(0 if fate == "not joined" else sale.pairs):
            broker.append(ROUTE.joined_topic, key, b"original")
        broker.append(ROUTE.joined_topic, key, b"copy", headers=[("macd.replay", b"1")])
        if fate == "dead-lettered":
            broker.append(ROUTE.dead_letter_topic, key)
        if fate in ("stored", "altered"):
            document = document_of(sale)
            document["customer_id"] += "?" if fate == "altered" else ""
            collection.documents[document["_id"]] = document
    both = (ROUTE.joined_topic, ROUTE.dead_letter_topic)
    watch = RunWatch(manifest, ROUTE, reader(broker, *both), collection)
    watch.look()

    lost = lost_orders(manifest, watch, lambda ids: collection.find({"_id": {"$in": ids}}))

    assert lost.missing == tuple(n for n, fate in fates.items() if fate == "deleted")
    assert lost.altered == tuple(n for n, fate in fates.items() if fate == "altered")
    assert lost.numbers(altered=False) == set(lost.missing)
    wanted = lost.numbers(altered=True)
    found = list(own_records(manifest, wanted, reader(broker, ROUTE.joined_topic).drain()))
    assert {run.order_ids.number(each.key()) for each in found} == wanted
    assert {each.value() for each in found} <= {b"original"}
    assert all(outgoing(each).headers[-1] == ("macd.replay", b"1") for each in found)
    assert all(outgoing(each).partition == each.partition() for each in found)


def test_an_order_has_arrived_when_it_is_as_it_was_produced() -> None:
    good, bad = Run("r", SeedParameters(orders=2), AS_OF).sales()
    documents = [document_of(good), {**document_of(bad), "customer_id": "x"}]
    assert as_produced([good, bad], lambda ids: documents)([]) == [good.order.order_id]


def test_waiting_ends_when_each_is_stored_or_back_as_a_dead_letter() -> None:
    broker, collection = FakeBroker(), FakeCollection()
    collection.documents = {"a": {"_id": "a"}}
    returned = reader(broker, ROUTE.dead_letter_topic)
    watch = ArrivalWatch(["a", "b", "c"], stored_ids(collection), returned)
    broker.append(ROUTE.dead_letter_topic, b"b")
    assert str(watch.look()) == "1 stored, 0 back as dead letters, 2 not stored yet", "b's is an old one"
    broker.append(ROUTE.dead_letter_topic, b"b", headers=[("macd.replay", b"1")])
    collection.documents["c"] = {"_id": "c"}
    assert (watch.look().stored, watch.arrival.returned, watch.arrival.done) == (2, 1, True)
    assert wait_for_arrival(["a"], stored_ids(collection), returned, rescue=lambda: False).done


def test_a_sink_that_fails_while_orders_are_waited_for_is_brought_back(monkeypatch) -> None:
    monkeypatch.setattr(settle, "STALL_LIMIT_S", 0.01)
    collection = FakeCollection()

    def restart() -> bool:
        collection.documents["a"] = {"_id": "a"}
        return True

    returned = reader(FakeBroker(), ROUTE.dead_letter_topic)
    assert str(wait_for_arrival(["a"], stored_ids(collection), returned, restart)) == (
        "1 stored, 0 back as dead letters"
    )


def test_writing_again_and_replaying_bring_failed_sinks_back_while_they_wait(monkeypatch) -> None:
    run = Run("r", SeedParameters(orders=2), AS_OF)
    rescues: list[Any] = []

    def wait(ids: list[str], find: Any, reader: Any, rescue: Any, say: Any) -> Arrival:
        rescues.append(rescue)
        return Arrival(len(ids), len(ids), 0)

    monkeypatch.setattr(resink, "connected", lambda _: nullcontext(mongomock.MongoClient().macd))
    monkeypatch.setattr(resink, "RunStore", lambda _: SimpleNamespace(get=lambda _: manifest_of(run)))
    monkeypatch.setattr(resink, "_lost", lambda *_: Lost((1,), ()))
    for name in ("restart_failed_sinks", "end_offsets", "write_again"):
        monkeypatch.setattr(resink, name, lambda *_: ())
    for module in (resink, replay):
        monkeypatch.setattr(module, "wait_for_arrival", wait)
        monkeypatch.setattr(module, "RecordReader", lambda *_: nullcontext())
    assert resink.resink_run("r", PIPELINE, SERVICES).arrival == Arrival(1, 1, 0)
    assert replay._wait(["a"], PIPELINE, SERVICES, FakeCollection(), (), print) == Arrival(1, 1, 0)  # type: ignore[arg-type]
    assert [type(rescue) for rescue in rescues] == [SinkRescue, SinkRescue]


def test_runs_are_known_by_the_ids_of_their_orders() -> None:
    manifests = [manifest_of(Run(name, SeedParameters(orders=9), AS_OF)) for name in ("a", "b")]
    key = manifests[1].run.order_ids.maker()(4).encode()
    assert affected_runs([b"poison", key], manifests) == ("b",)
    assert affected_runs([b"poison"], manifests) == affected_runs([], manifests) == ()
