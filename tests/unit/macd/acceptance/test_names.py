"""Names that are taken are told before anything is changed; what others have is left alone."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import mongomock
import pytest

from macd.acceptance import deploying, leaving, names
from macd.acceptance.names import Names, left_behind, marks_of, own_groups, taken
from macd.acceptance.world import World
from macd.clients.ksqldb import Query, Source
from macd.errors import AcceptanceFailed, AcceptanceRefused, RequestRejected
from macd.pipeline import Pipeline as RealPipeline
from macd.plan import Create, Delete, Plan
from macd.plan.changes import Unknown


class Pipeline:
    """The project's pipeline on services that hold what a test says, and that remember what is done."""

    def __init__(self, spec: Any, *found: str) -> None:
        self.spec, self.services = spec, Services()
        self.found = list(found)
        self.kafka = self.registry = self.ksqldb = self.connect = self
        self.queries: dict[str, str] = {}
        self.all_topics = {"somebody-elses"}
        self.all_subjects = {"somebody-elses-value"}

    def plan(self) -> Plan:
        raise AssertionError("nothing may be planned, still less applied")

    def plan_removal(self) -> Plan:
        return Plan.of(Delete(name, do=lambda name=name: self.found.remove(name)) for name in self.found)

    def apply(self, plan: Plan, report: Any) -> None:
        plan.apply(report)

    def remove(self, plan: Plan, report: Any) -> None:
        RealPipeline.remove(self, plan, report)  # type: ignore[arg-type]

    def names(self) -> list[str]:
        return sorted(self.all_topics)

    def source(self, name: str) -> Source | None:
        if name not in self.queries:
            return None
        return Source(name, "", "", "", writers=(Query(self.queries[name], "RUNNING", ()),), readers=())

    def consumer_group(self, connector: str) -> str | None:
        return None

    def subjects(self) -> list[str]:
        return sorted(self.all_subjects)


class Services:
    kafka = None

    def __init__(self) -> None:
        self.mongodb = mongomock.MongoClient().macd


class Groups:
    """Consumer groups of all clusters."""

    known: set[str] = set()
    refusal: RequestRejected | None = None

    def __init__(self, kafka: Any) -> None:
        pass

    def names(self) -> list[str]:
        return sorted(self.known)

    def delete(self, groups: list[str]) -> None:
        if self.refusal:
            raise self.refusal
        self.known.difference_update(groups)


@pytest.fixture(autouse=True)
def _services(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connected(database: Any) -> Any:
        yield database

    for module in (names, leaving):
        monkeypatch.setattr(module, "connected", connected)
        monkeypatch.setattr(module, "ConsumerGroups", Groups)
    monkeypatch.setattr(Groups, "known", {"somebody-elses", "connect-macd-hourly-revenue-mongodb-sink"})
    monkeypatch.setattr(leaving, "GONE_WITHIN_S", 0)


def world_of(pipeline: Any) -> World:
    rules: Any = None
    return World(pipeline, rules)


def test_names_that_are_taken_are_refused_with_all_of_them_named(pipeline):
    there = Pipeline(pipeline, "topic macd_orders", "connector macd-hourly-revenue-mongodb-sink")
    there.services.mongodb.orders_payments_joined.insert_many([{"_id": "a"}, {"_id": "b"}])
    there.services.mongodb.seeding_runs.insert_one({"_id": "run"})
    world = world_of(there)
    with pytest.raises(AcceptanceRefused) as raised:
        deploying.names_are_free(world)
    assert raised.value.message == (
        "The target local holds already: topic macd_orders, connector macd-hourly-revenue-mongodb-sink, "
        "collection macd.orders_payments_joined (2 documents), collection macd.seeding_runs (1 documents)."
    )
    assert "macd_teardown" in raised.value.remedy
    assert there.found == ["topic macd_orders", "connector macd-hourly-revenue-mongodb-sink"]
    assert there.services.mongodb.orders_payments_joined.count_documents({}) == 2
    assert not world.begun


def test_an_empty_collection_and_what_others_have_do_not_hinder(pipeline):
    there = Pipeline(pipeline)
    there.services.mongodb.create_collection("orders_payments_joined")
    there.services.mongodb.elsewhere.insert_one({"_id": "a"})
    world = world_of(there)
    assert deploying.names_are_free(world) == ["1 topics and 1 subjects of others stay as they are"]
    assert world.before.groups == {"somebody-elses", "connect-macd-hourly-revenue-mongodb-sink"}


def test_what_the_services_made_for_the_pipeline_is_left_behind_as_well(pipeline):
    there = Pipeline(pipeline)
    before = Names.look(there)
    internal = "_confluent-ksql-default_query_CSAS_MACD_ORDERS_PAYMENTS_JOINED_5-Join-left-repartition"
    there.all_topics |= {internal, internal.replace("JOINED_5", "JOINED_51"), "macd_orders_of_others"}
    there.all_subjects |= {f"{internal}-value", "macd_orders_of_others-value"}
    assert left_behind(there, before, {"CSAS_MACD_ORDERS_PAYMENTS_JOINED_5"}) == [
        f"topic {internal}",
        f"subject {internal}-value",
    ]
    assert taken(there) == []


def test_groups_that_were_there_before_or_are_of_others_stay(pipeline):
    there = Pipeline(pipeline)
    before = Names.look(there)
    Groups.known |= {"connect-lcc-1a2b", "_confluent-ksql-default_query_CTAS_X_7", "connect-lcc-1a2b3c"}
    marks = {"connect-lcc-1a2b", "CTAS_X_7", "connect-macd-hourly-revenue-mongodb-sink"}
    assert own_groups(there, before, marks) == ["_confluent-ksql-default_query_CTAS_X_7", "connect-lcc-1a2b"]


def test_a_deployed_pipeline_is_known_by_its_queries_and_its_readers(pipeline):
    there = Pipeline(pipeline)
    there.source = lambda name: Source(
        name, "", "", "", writers=(Query(f"C_{name}_1", "RUNNING", ()),), readers=()
    )
    there.consumer_group = lambda name: None if "hourly" in name else f"connect-{name}"
    marks = marks_of(there)
    assert {mark for mark in marks if not mark.startswith("C_")} == {
        "connect-macd-orders-payments-mongodb-sink",
        "connect-macd-payment-mismatches-mongodb-sink",
        "macd-replay-dlq.macd_orders_payments_joined",
    }
    assert "C_MACD_PAID_ORDERS_1" in marks


def test_leaving_removes_parts_documents_and_groups_and_nothing_else(pipeline):
    there = Pipeline(pipeline)
    world = world_of(there)
    deploying.names_are_free(world)
    there.found = ["topic macd_orders"]
    world.marks = {"connect-macd-orders-payments-mongodb-sink"}
    there.services.mongodb.orders_payments_joined.insert_one({"_id": "a"})
    there.services.mongodb.elsewhere.insert_one({"_id": "a"})
    Groups.known |= {"connect-macd-orders-payments-mongodb-sink"}
    assert leaving.destroy(world) == ["2 parts removed"]
    assert leaving.nothing_left(world)[1:] == ["1 consumer groups deleted"]
    assert there.services.mongodb.list_collection_names() == ["elsewhere"]
    assert Groups.known == {"somebody-elses", "connect-macd-hourly-revenue-mongodb-sink"}


def test_groups_that_may_not_be_deleted_are_told_of(pipeline, monkeypatch):
    there = Pipeline(pipeline)
    world = world_of(there)
    deploying.names_are_free(world)
    world.marks = {"connect-macd-orders-payments-mongodb-sink"}
    Groups.known |= world.marks
    monkeypatch.setattr(Groups, "refusal", RequestRejected("Kafka", "it has members.", remedy="Wait."))
    assert leaving.nothing_left(world)[1] == (
        "consumer groups stay until they expire (connect-macd-orders-payments-mongodb-sink): "
        "Kafka: it has members."
    )


INTERNAL = "_confluent-ksql-default_query_CSAS_MACD_PAID_ORDERS_3"


def test_what_an_apply_made_that_failed_half_way_is_known_to_the_last_step(pipeline, monkeypatch):
    there = Pipeline(pipeline)
    world = world_of(there)
    deploying.names_are_free(world)

    def half() -> None:
        there.queries["MACD_PAID_ORDERS"] = "CSAS_MACD_PAID_ORDERS_3"
        there.found.append("stream MACD_PAID_ORDERS")
        there.all_topics.add(f"{INTERNAL}-Join-repartition")
        Groups.known.add(INTERNAL)
        raise RequestRejected("Kafka Connect", "no.", remedy="Look at its log.")

    def removed() -> None:
        there.found.clear()
        there.queries.clear()

    monkeypatch.setattr(there, "plan", lambda: Plan.of([Create("stream MACD_PAID_ORDERS", do=half)]))
    monkeypatch.setattr(
        there, "plan_removal", lambda: Plan.of(Delete(name, do=removed) for name in there.found)
    )
    with pytest.raises(RequestRejected):
        deploying.apply(world)
    leaving.destroy(world)
    with pytest.raises(AcceptanceFailed, match=f"1 things are left: topic {INTERNAL}-Join-repartition"):
        leaving.nothing_left(world)
    assert INTERNAL not in Groups.known


def test_a_service_that_does_not_tell_its_marks_hinders_neither_the_others_nor_the_removal(pipeline):
    there, said = Pipeline(pipeline, "topic macd_orders"), []
    there.queries["MACD_PAID_ORDERS"] = "CSAS_MACD_PAID_ORDERS_3"
    away: Any = SimpleNamespace(consumer_group=refuse)
    there.connect = away
    world = world_of(there)
    world.say = said.append
    leaving.destroy(world)
    assert (world.marks, there.found) == ({"CSAS_MACD_PAID_ORDERS_3"}, [])
    assert said[0].startswith(
        "What was made for the pipeline besides may not all be found. Kafka Connect: no."
    )


def refuse(_: str) -> None:
    raise RequestRejected("Kafka Connect", "no.", remedy="Look at its log.")


def test_what_stays_is_a_failure_that_names_it(pipeline):
    there = Pipeline(pipeline, "topic macd_orders")
    with pytest.raises(Exception, match="1 things are left: topic macd_orders"):
        leaving.nothing_left(world_of(there))


def test_without_mongodb_what_is_on_the_other_services_is_removed_all_the_same(pipeline, monkeypatch):
    there = Pipeline(pipeline, "topic macd_orders")
    removal = there.plan_removal() + Plan.of([Unknown("orphans", ("MongoDB: no answer.",))])
    monkeypatch.setattr(there, "plan_removal", lambda: removal)
    monkeypatch.setattr(there, "apply", lambda *_: pytest.fail("MongoDB would have to be told"))
    leaving.destroy(world_of(there))
    assert there.found == []


def test_a_service_that_is_just_away_is_asked_again(pipeline, monkeypatch):
    monkeypatch.setattr(leaving, "BETWEEN_S", 0)
    there = Pipeline(pipeline, "topic macd_orders")
    tries: list[int] = []

    def remove() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RequestRejected("Kafka", "not now.", remedy="Wait.")
        there.found.clear()

    there.plan_removal = lambda: Plan.of([Delete("topic macd_orders", do=remove)])  # type: ignore[method-assign]
    assert leaving.destroy(world_of(there)) == ["1 parts removed"]
    assert len(tries) == 2
