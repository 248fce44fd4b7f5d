"""The Flink SQL of queries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ksqlflink.dialect import parse_one
from ksqlflink.flink.translate import Services
from ksqlflink.statements.create_query import JobBuilder, analyze_transient, client_plan, plan_query
from ksqlflink.statements.world import World
from unit.fakes import Stage, joined_shop, plan_of

ON = "FROM orders o JOIN payments p WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON o.order_id = p.order_id"
PAID = f"CREATE STREAM paid AS SELECT o.order_id AS id, p.payment_amount {ON};"


def job_of(stage: Stage, text: str) -> tuple[tuple[str, ...], str]:
    stage.run(text)
    job = stage.jobs.started[-1].job
    return job.tables, job.insert


def test_a_projection_is_one_function_over_the_bytes_of_a_topic() -> None:
    (function, source, sink), insert = job_of(
        joined_shop(), "CREATE STREAM s AS SELECT store_id FROM orders;"
    )
    assert function == "CREATE TEMPORARY FUNCTION KSQL_PROJECT AS 'ksqlflink.flink.Project' LANGUAGE JAVA"
    assert source.startswith(
        "CREATE TEMPORARY TABLE `$in_0` (`$key` BYTES, `$value` BYTES, "
        "`$time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, "
        "`$partition` INT METADATA FROM 'partition' VIRTUAL, `$offset` BIGINT METADATA FROM 'offset' VIRTUAL)"
    )
    assert "'key.format' = 'raw', 'key.fields' = '$key', 'value.format' = 'raw'" in source
    assert "'sink.delivery-guarantee' = 'exactly-once'" in sink
    assert "'properties.transaction.timeout.ms' = '60000'" in sink
    assert insert.startswith(
        "INSERT INTO `$out` SELECT k, v, t FROM `$in_0`, LATERAL TABLE("
        "KSQL_PROJECT(`$key`, `$value`, `$time`, `$partition`, `$offset`, '{"
    )


def test_a_join_reads_both_sides_into_one_table_of_tasks() -> None:
    (read, run, first, second, _, view), insert = job_of(joined_shop(), PAID)
    assert read.endswith("KSQL_READ AS 'ksqlflink.flink.Read' LANGUAGE JAVA")
    assert run.endswith("KSQL_RUN AS 'ksqlflink.flink.Run' LANGUAGE JAVA")
    assert ("`$in_0`" in first, "`$in_1`" in second) == (True, True)
    assert view.count("UNION ALL") == 1
    assert "KSQL_READ(1, `$key`" in view
    assert "AS r(task, side, ms, keybytes, payload)" in view
    assert "FROM KSQL_RUN(input => TABLE `$read` PARTITION BY task, plan => '{" in insert
    assert insert.endswith(", uid => 'PAID')")


def test_texts_in_a_plan_are_quoted_for_sql() -> None:
    stage = joined_shop()
    job_of(stage, "CREATE STREAM s AS SELECT store_id FROM orders WHERE order_id = 'it''s';")
    assert plan_of(stage)["where"]["args"][1]["value"] == "it's"
    assert "it''s" in stage.jobs.started[-1].job.insert


def test_transactional_ids_are_unique_to_each_creation() -> None:
    one, other = joined_shop(), joined_shop()
    for stage in (one, other):
        stage.run(PAID)
    prefixes = {stage.jobs.started[0].job.transactional_id_prefix for stage in (one, other)}
    assert len(prefixes) == 2
    assert all(prefix.startswith("ksqlflink-CSAS_PAID_3-") for prefix in prefixes)


@pytest.fixture
def world() -> World:
    stage = joined_shop()
    stage.topics.add("menu")
    stage.run("CREATE TABLE menu (sku VARCHAR PRIMARY KEY) WITH (KAFKA_TOPIC='menu', VALUE_FORMAT='JSON');"
              .replace("KEY)", "KEY, price DOUBLE)"))  # fmt: skip
    return World(stage.catalogue, stage.topics, stage.registry)


def builder(jar: str | None = None) -> JobBuilder:
    return JobBuilder(replace(Services("kafka:9092", "http://registry"), jar=jar), {}, 60_000)


def test_functions_may_come_from_a_jar_of_their_own(world: World) -> None:
    plan = plan_query(parse_one("CREATE STREAM s AS SELECT store_id FROM orders;"), world)  # type: ignore[arg-type]
    job = builder("/lib/functions.jar").build(plan, world, {}, "Q")
    assert job.tables[0].endswith(" LANGUAGE JAVA USING JAR '/lib/functions.jar'")


def test_rows_for_a_client_are_all_columns_in_the_selected_order(world: World) -> None:
    select = parse_one("SELECT payment_id, *, UCASE(method) AS m FROM payments EMIT CHANGES LIMIT 2;")
    analysis = analyze_transient(select, world)  # type: ignore[arg-type]
    assert analysis.limit == 2
    plan = client_plan(analysis, "http://registry", {})
    assert plan["sink"] == {"key": {"format": "ROW"}, "value": {"format": "ROW"}}
    assert [item["name"] for item in plan["select"] if item["key"]] == ["PAY_KEY"]
    assert [item["name"] for item in plan["select"]][:3] == ["PAYMENT_ID", "PAY_KEY", "PAYMENT_ID"]


def test_a_table_that_is_joined_is_read_from_its_beginning(world: World) -> None:
    text = "CREATE STREAM s AS SELECT o.order_id, m.price FROM orders o JOIN menu m ON o.order_id = m.sku;"
    plan = plan_query(parse_one(text), world)  # type: ignore[arg-type]
    job = builder().build(plan, world, {"auto.offset.reset": "latest"}, "Q")
    streams, tables = job.tables[2:4]
    assert "'specific-offsets'" in streams
    assert "'earliest-offset'" in tables
