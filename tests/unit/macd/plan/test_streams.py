from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from macd.clients.ksqldb import Query, Source
from macd.plan import Blocked, Create, Delete, NoOp, plan_stream_removal, plan_streams
from macd.specs.statements import parse_file

ORDERS, PAYMENTS, JOINED = "MACD_ORDERS_STREAM", "MACD_PAYMENTS_STREAM", "MACD_ORDERS_PAYMENTS_JOINED"
MISMATCHES, PAID, HOURLY = "MACD_PAYMENT_MISMATCHES", "MACD_PAID_ORDERS", "MACD_HOURLY_REVENUE"
PAID_STREAM = "MACD_PAID_ORDERS_STREAM"
ALL = (ORDERS, PAYMENTS, JOINED, MISMATCHES, PAID, PAID_STREAM, HOURLY)


def query_of(name, state="RUNNING"):
    return Query(f"CAS_{name}", state, (name.lower(),))


class FakeKsqlDb:
    """Sources in a dictionary, linked by the queries that read them, as a server does it."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.properties: dict[str, dict[str, str]] = {}
        self.log: list[str] = []

    def source(self, name):
        return self.sources.get(name)

    def execute(self, sql, properties):
        spec = parse_file(sql, Path("00_test.sql"))
        writers = (query_of(spec.source),) if spec.has_query else ()
        self.sources[spec.source] = Source(spec.source, spec.kind.upper(), spec.topic, sql, writers, ())
        self.properties[spec.source] = properties
        self.log.append(f"create {spec.source}")
        for read in spec.reads:
            readers = (*self.sources[read].readers, *writers)
            self.sources[read] = replace(self.sources[read], readers=readers)

    def terminate(self, query_id):
        self.log.append(f"terminate {query_id}")

    def drop(self, source):
        del self.sources[source.name]
        for name, other in self.sources.items():
            left = tuple(query for query in other.readers if query not in source.writers)
            self.sources[name] = replace(other, readers=left)
        self.log.append(f"drop {source.name}")

    def holding(self, topics):
        return set()

    def empty(self, topic):
        self.log.append(f"empty {topic}")


@pytest.fixture
def ksqldb():
    return FakeKsqlDb()


@pytest.fixture
def deployed(pipeline, ksqldb):
    plan_streams(pipeline, ksqldb, ksqldb).apply()
    ksqldb.log.clear()
    return ksqldb


def _change(ksqldb, name, **fields):
    ksqldb.sources[name] = replace(ksqldb.sources[name], **fields)


def _another_statement(ksqldb, name):
    statement = ksqldb.sources[name].statement
    for old, new in (("customer_id", "client_id"), ("24 HOURS", "1 HOURS"), ("8 DAYS", "9 DAYS")):
        statement = statement.replace(old, new)
    _change(ksqldb, name, statement=statement)


def test_an_empty_server_gets_the_streams_in_the_files_order(pipeline, ksqldb):
    plan = plan_streams(pipeline, ksqldb, ksqldb)
    assert [type(change) for change in plan.changes] == [Create] * len(ALL)
    plan.apply()
    assert ksqldb.log == [f"create {name}" for name in ALL]


def test_a_files_properties_go_with_its_statement_and_no_other(pipeline, deployed):
    uncached = {name for name, given in deployed.properties.items() if any("cache" in key for key in given)}
    assert uncached == {PAID}
    assert {given["ksql.streams.auto.offset.reset"] for given in deployed.properties.values()} == {"earliest"}


def test_a_second_run_is_all_no_ops(pipeline, deployed):
    assert {type(change) for change in plan_streams(pipeline, deployed, deployed).changes} == {NoOp}


def test_the_servers_own_formatting_is_no_difference(pipeline, deployed):
    shown = (
        "CREATE STREAM MACD_PAYMENTS_STREAM (PAYMENT_ID STRING KEY, ORDER_ID STRING, "
        "PAYMENT_AMOUNT DECIMAL(10, 2), PAYMENT_METHOD STRING, PAYMENT_TIME TIMESTAMP) "
        "WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='macd_payments', KEY_FORMAT='KAFKA', "
        "PARTITIONS=2, TIMESTAMP='payment_time', VALUE_FORMAT='AVRO');"
    )
    _change(deployed, PAYMENTS, statement=shown)
    assert plan_streams(pipeline, deployed, deployed).pending == ()


def test_a_changed_stream_is_blocked_and_says_what_would_be_lost(pipeline, deployed):
    _another_statement(deployed, JOINED)
    [change] = plan_streams(pipeline, deployed, deployed).pending
    assert isinstance(change, Blocked)
    assert "differs from include/ksql/03_macd_orders_payments_joined.sql" in change.reason
    assert "--replace-streams" in change.remedy


def test_replacing_a_source_drops_all_that_builds_on_it_and_empties_what_they_wrote(pipeline, deployed):
    _another_statement(deployed, ORDERS)
    plan = plan_streams(pipeline, deployed, deployed, replace=True)
    affected = [name for name in ALL if name != PAYMENTS]
    assert [type(change) for change in plan.changes].count(Delete) == len(affected)
    plan.apply()
    drops = [entry for entry in deployed.log if entry.startswith("drop")]
    assert drops == [f"drop {name}" for name in reversed(affected)]
    for name in (JOINED, MISMATCHES, PAID, HOURLY):
        at = deployed.log.index(f"drop {name}")
        assert deployed.log[at - 2 : at + 1] == [
            f"terminate CAS_{name}",
            f"empty {name.lower()}",
            f"drop {name}",
        ]
    assert "empty macd_orders" not in deployed.log
    assert plan_streams(pipeline, deployed, deployed).pending == ()


def test_what_is_written_into_a_plain_stream_stays(pipeline, deployed):
    """Its query may be somebody's INSERT INTO; the orders are the producer's."""
    _another_statement(deployed, ORDERS)
    _change(deployed, ORDERS, writers=(Query("INSERTQUERY_9", "RUNNING", ("macd_orders",)),))
    plan_streams(pipeline, deployed, deployed, replace=True).apply()
    assert "terminate INSERTQUERY_9" in deployed.log
    assert "empty macd_orders" not in deployed.log


def test_a_table_is_replaced_together_with_what_reads_its_topic_through_a_stream(pipeline, deployed):
    _another_statement(deployed, PAID)
    plan = plan_streams(pipeline, deployed, deployed, replace=True)
    deleted = [change.resource for change in plan.changes if isinstance(change, Delete)]
    assert deleted == [f"table {HOURLY}", f"stream {PAID_STREAM}", f"table {PAID}"]


def test_a_strangers_query_on_a_changed_stream_blocks_even_a_replacement(pipeline, deployed):
    _another_statement(deployed, ORDERS)
    stranger = Query("CSAS_THEIRS_9", "RUNNING", ("theirs",))
    _change(deployed, ORDERS, readers=(query_of(JOINED), stranger))
    [change] = plan_streams(pipeline, deployed, deployed, replace=True).pending
    assert isinstance(change, Blocked)
    assert "CSAS_THEIRS_9" in change.remedy


@pytest.mark.parametrize(("writers", "why"), [((), "terminated"), ((query_of(JOINED, "ERROR"),), "ERROR")])
def test_a_stream_whose_query_is_dead_is_not_taken_for_deployed(pipeline, deployed, writers, why):
    _change(deployed, JOINED, writers=writers)
    [change] = plan_streams(pipeline, deployed, deployed).pending
    assert isinstance(change, Blocked)
    assert why in change.reason


def test_removal_drops_readers_before_what_they_read(pipeline, deployed):
    plan_stream_removal(pipeline, deployed, deployed).apply()
    assert [entry for entry in deployed.log if entry.startswith("drop")] == [
        f"drop {name}" for name in reversed(ALL)
    ]
