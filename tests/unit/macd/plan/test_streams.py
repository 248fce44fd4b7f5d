from __future__ import annotations

from dataclasses import replace

import pytest

from macd.clients.ksqldb import Query, Source
from macd.plan import Blocked, Create, Delete, NoOp, plan_stream_removal, plan_streams
from macd.specs.statements import has_query, parse_create

ORDERS, PAYMENTS, JOINED = "MACD_ORDERS_STREAM", "MACD_PAYMENTS_STREAM", "MACD_ORDERS_PAYMENTS_JOINED"
QUERY = Query("CSAS_MACD_ORDERS_PAYMENTS_JOINED_5", "RUNNING", ("macd_orders_payments_joined",))


class FakeKsqlDb:
    """Sources in a dictionary; a source with a query is read from its two inputs."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.log: list[str] = []

    def source(self, name):
        return self.sources.get(name)

    def execute(self, sql):
        name = parse_create(sql, "test").name
        writers = (QUERY,) if has_query(sql) else ()
        self.sources[name] = Source(name, "STREAM", name.lower(), sql, writers, ())
        self.log.append(f"create {name}")
        if writers:
            for read in (ORDERS, PAYMENTS):
                self.sources[read] = replace(self.sources[read], readers=(QUERY,))

    def terminate(self, query_id):
        self.log.append(f"terminate {query_id}")

    def drop(self, source):
        del self.sources[source.name]
        self.log.append(f"drop {source.name}")


@pytest.fixture
def ksqldb():
    return FakeKsqlDb()


@pytest.fixture
def deployed(pipeline, ksqldb):
    plan_streams(pipeline, ksqldb).apply()
    ksqldb.log.clear()
    return ksqldb


def _change(ksqldb, name, **fields):
    ksqldb.sources[name] = replace(ksqldb.sources[name], **fields)


def _another_statement(ksqldb, name):
    statement = ksqldb.sources[name].statement
    _change(
        ksqldb, name, statement=statement.replace("customer_id", "client_id").replace("24 HOURS", "1 HOURS")
    )


def test_an_empty_server_gets_the_streams_in_the_files_order(pipeline, ksqldb):
    plan = plan_streams(pipeline, ksqldb)
    assert [type(change) for change in plan.changes] == [Create] * 3
    plan.apply()
    assert ksqldb.log == [f"create {name}" for name in (ORDERS, PAYMENTS, JOINED)]


def test_a_second_run_is_all_no_ops(pipeline, deployed):
    assert {type(change) for change in plan_streams(pipeline, deployed).changes} == {NoOp}


def test_the_servers_own_formatting_is_no_difference(pipeline, deployed):
    shown = (
        "CREATE STREAM MACD_PAYMENTS_STREAM (PAYMENT_ID STRING KEY, ORDER_ID STRING, "
        "PAYMENT_AMOUNT DECIMAL(10, 2), PAYMENT_METHOD STRING, PAYMENT_TIME TIMESTAMP) "
        "WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='macd_payments', KEY_FORMAT='KAFKA', "
        "PARTITIONS=2, TIMESTAMP='payment_time', VALUE_FORMAT='AVRO');"
    )
    _change(deployed, PAYMENTS, statement=shown)
    assert plan_streams(pipeline, deployed).pending == ()


def test_a_changed_stream_is_blocked_and_says_what_would_be_lost(pipeline, deployed):
    _another_statement(deployed, JOINED)
    [change] = plan_streams(pipeline, deployed).pending
    assert isinstance(change, Blocked)
    assert "differs from include/ksql/03_macd_orders_payments_joined.sql" in change.reason
    assert "--replace-streams" in change.remedy


def test_replacing_a_source_drops_its_reader_first_and_makes_both_anew(pipeline, deployed):
    _another_statement(deployed, ORDERS)
    plan = plan_streams(pipeline, deployed, replace=True)
    assert [type(change) for change in plan.changes] == [Delete, Delete, Create, NoOp, Create]
    plan.apply()
    assert deployed.log == [
        f"terminate {QUERY.query_id}",
        f"drop {JOINED}",
        f"drop {ORDERS}",
        f"create {ORDERS}",
        f"create {JOINED}",
    ]
    assert plan_streams(pipeline, deployed).pending == ()


def test_a_strangers_query_on_a_changed_stream_blocks_even_a_replacement(pipeline, deployed):
    _another_statement(deployed, ORDERS)
    stranger = Query("CSAS_THEIRS_9", "RUNNING", ("theirs",))
    _change(deployed, ORDERS, readers=(QUERY, stranger))
    [change] = plan_streams(pipeline, deployed, replace=True).pending
    assert isinstance(change, Blocked)
    assert "CSAS_THEIRS_9" in change.remedy


@pytest.mark.parametrize(
    ("writers", "why"), [((), "terminated"), ((replace(QUERY, state="ERROR"),), "ERROR")]
)
def test_a_stream_whose_query_is_dead_is_not_taken_for_deployed(pipeline, deployed, writers, why):
    _change(deployed, JOINED, writers=writers)
    [change] = plan_streams(pipeline, deployed).pending
    assert isinstance(change, Blocked)
    assert why in change.reason


def test_removal_drops_readers_before_what_they_read(pipeline, deployed):
    plan_stream_removal(pipeline, deployed).apply()
    assert [entry for entry in deployed.log if entry.startswith("drop")] == [
        f"drop {name}" for name in (JOINED, PAYMENTS, ORDERS)
    ]
