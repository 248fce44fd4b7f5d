"""The Flink SQL of queries."""

from __future__ import annotations

import json

import pytest

from ksqlflink import avro
from ksqlflink import sqltypes as t
from ksqlflink.flink_types import Mismatch, flink_type, interval, read_type
from tests.unit.ksqlflink.fakes import NULLABLE_STRING, TIMESTAMP, Stage, joined_shop

ON = "ON o.order_id = p.order_id"


def job_of(stage: Stage, text: str) -> tuple[tuple[str, ...], str]:
    stage.run(text)
    job = stage.jobs.started[-1].job
    return job.tables, job.insert


def test_the_window_is_relative_to_the_left_record_and_the_watermark_trails_by_the_grace() -> None:
    text = (
        "CREATE STREAM s AS SELECT o.order_id, p.method FROM orders o JOIN payments p "
        f"WITHIN (1 HOUR, 2 DAYS) GRACE PERIOD 90 SECONDS {ON};"
    )
    (orders, payments, _), insert = job_of(joined_shop(), text)
    for table in (orders, payments):
        assert "WATERMARK FOR `$rt` AS `$rt` - INTERVAL '0 00:01:30.000' DAY TO SECOND(3)" in table
    assert (
        "`O`.`ORDER_ID` = `P`.`ORDER_ID` AND `O`.`$rt` BETWEEN `P`.`$rt` - INTERVAL '2 00:00:00.000' "
        "DAY TO SECOND(3) "
        "AND `P`.`$rt` + INTERVAL '0 01:00:00.000' DAY TO SECOND(3)"
    ) in insert
    assert insert.startswith(
        "INSERT INTO `$out` (`$key`, `METHOD`, `$ts`) SELECT `O`.`ORDER_ID`, `P`.`METHOD`, GREATEST("
    )


def test_without_grace_it_is_a_day() -> None:
    text = f"CREATE STREAM s AS SELECT o.order_id, p.method FROM orders o JOIN payments p WITHIN 1 HOUR {ON};"
    (orders, *_), _ = job_of(joined_shop(), text)
    assert "`$rt` - INTERVAL '1 00:00:00.000' DAY TO SECOND(3)" in orders


def test_fields_are_read_under_the_writers_names_and_cast_to_the_declared_types() -> None:
    stage = joined_shop()
    (orders, _), insert = job_of(stage, "CREATE STREAM s AS SELECT order_id, items FROM orders;")
    assert "`items` ARRAY<ROW<`sku` STRING, `qty` INT>>" in orders
    assert "CAST(`items` AS ARRAY<ROW<`SKU` STRING, `QTY` INT>>) AS `ITEMS`" in insert
    assert "`order_id` AS `ORDER_ID`" in insert
    assert "'properties.isolation.level' = 'read_committed'" in orders
    assert "'properties.group.id' = '_confluent-ksql-default_query_CSAS_S_3'" in orders


def test_the_sink_writes_exactly_once_with_the_schema_of_ksqldb() -> None:
    stage = joined_shop()
    (*_, out), _ = job_of(stage, "CREATE STREAM s AS SELECT pay_key, method FROM payments;")
    query = stage.jobs.started[-1]
    assert "'sink.delivery-guarantee' = 'exactly-once'" in out
    assert f"'sink.transactional-id-prefix' = '{query.job.transactional_id_prefix}'" in out
    assert query.job.transactional_id_prefix.startswith("ksqlflink-CSAS_S_3-")
    assert "'properties.transaction.timeout.ms' = '60000'" in out
    assert f"'value.avro-confluent.schema' = '{stage.registry.subjects['S-value']}'" in out
    assert "`$key` STRING, `METHOD` STRING" in out
    assert "'key.format' = 'raw', 'key.fields' = '$key', 'value.fields-include' = 'EXCEPT_KEY'" in out


def test_a_timestamp_column_gives_the_time_and_null_drops_the_record() -> None:
    stage = Stage()
    stage.avro("t", [{"name": "a", "type": NULLABLE_STRING}, {"name": "at_time", "type": TIMESTAMP}])
    stage.run("CREATE STREAM t WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO', TIMESTAMP='at_time');")
    (table, _), insert = job_of(stage, "CREATE STREAM s AS SELECT a FROM t;")
    assert "`$rt` AS CAST(COALESCE(`at_time`, TIMESTAMP '1970-01-01 00:00:00') AS TIMESTAMP_LTZ(3))" in table
    assert "FROM `$in_T` WHERE `at_time` IS NOT NULL) AS `T`" in insert


def test_a_bigint_timestamp_column_holds_milliseconds() -> None:
    stage = Stage()
    stage.avro("t", [{"name": "a", "type": NULLABLE_STRING}, {"name": "ms", "type": ["null", "long"]}])
    stage.run("CREATE STREAM t WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO', TIMESTAMP='ms');")
    (table, _), _ = job_of(stage, "CREATE STREAM s AS SELECT a FROM t;")
    assert "`$rt` AS TO_TIMESTAMP_LTZ(COALESCE(`ms`, 0), 3)" in table


@pytest.mark.parametrize(
    ("where", "sql"),
    [
        ("store_id > 3", "COALESCE(`ORDERS`.`STORE_ID` > 3, FALSE)"),
        ("NOT store_id != -3", "(NOT COALESCE(`ORDERS`.`STORE_ID` <> -3, FALSE))"),
        (
            "order_id = 'it''s' OR order_total < 1.5",
            "(COALESCE(`ORDERS`.`ORDER_ID` = 'it''s', FALSE) OR COALESCE(",
        ),
        (
            "order_id IS NULL AND store_id IS NOT NULL",
            "((`ORDERS`.`ORDER_ID` IS NULL) AND (`ORDERS`.`STORE_ID` IS NOT NULL))",
        ),
    ],
)
def test_comparisons_with_null_are_false(where: str, sql: str) -> None:
    _, insert = job_of(joined_shop(), f"CREATE STREAM s AS SELECT order_id FROM orders WHERE {where};")
    assert f" WHERE {sql}" in insert


def test_a_map_is_written_as_an_array_of_entries() -> None:
    stage = Stage()
    stage.avro("t", [{"name": "m", "type": {"type": "map", "values": "long"}}])
    stage.run("CREATE STREAM t WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO');")
    (*_, out), insert = job_of(stage, "CREATE STREAM s AS SELECT m FROM t;")
    assert "`M` ARRAY<ROW<`key` STRING, `value` BIGINT> NOT NULL>" in out
    assert "CAST(MAP_ENTRIES(`T`.`M`) AS ARRAY<ROW<" in insert


def test_json_sinks_write_plain_types_only() -> None:
    stage = joined_shop()
    text = "CREATE STREAM s WITH (VALUE_FORMAT='JSON') AS SELECT order_id, {} FROM orders;"
    (*_, out), _ = job_of(stage, text.format("items"))
    assert "'value.format' = 'json'" in out
    with pytest.raises(Exception, match=r"Writing TIMESTAMP \(ORDERED_AT\) as JSON is not supported"):
        job_of(stage, text.format("ordered_at").replace("STREAM s", "STREAM u"))


# -- types --------------------------------------------------------------------------------------------------


def test_intervals_are_literals() -> None:
    assert interval(90_061_001) == "INTERVAL '1 01:01:01.001' DAY TO SECOND(3)"


def test_a_struct_is_read_in_the_declared_order_whatever_the_writers_case() -> None:
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "b", "type": "float"}, {"name": "A", "type": "int"}],
    }
    declared = t.Struct((("a", t.BIGINT), ("B", t.DOUBLE), ("C", t.STRING)))
    assert read_type(declared, ["null", schema], avro.Names()) == "ROW<`A` INT, `b` FLOAT, `C` STRING>"
    assert flink_type(declared) == "ROW<`a` BIGINT, `B` DOUBLE, `C` STRING>"


@pytest.mark.parametrize(
    ("declared", "schema"),
    [(t.INTEGER, "long"), (t.STRING, "int"), (t.Decimal(4, 2), "double"), (t.Array(t.STRING), "string")],
)
def test_types_that_do_not_fit(declared: t.SqlType, schema: avro.Schema) -> None:
    with pytest.raises(Mismatch):
        read_type(declared, schema, avro.Names())


def test_columns_inferred_from_a_schema() -> None:
    schema = {
        "type": "record",
        "name": "R",
        "namespace": "n",
        "fields": [
            {"name": "f", "type": "float"},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["X"]}},
            {"name": "again", "type": ["null", "E"]},
            {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "m", "type": {"type": "map", "values": ["null", "int"]}},
        ],
    }
    kinds = [column.type for column in avro.columns(json.dumps(schema))]
    assert kinds == [t.DOUBLE, t.STRING, t.STRING, t.Decimal(9, 2), t.DATE, t.Map(t.STRING, t.INTEGER)]


@pytest.mark.parametrize(
    "schema", ['"string"', '{"type":"record","name":"R","fields":[{"name":"a","type":["int","string"]}]}']
)
def test_schemas_without_an_equivalent(schema: str) -> None:
    with pytest.raises(avro.UnsupportedSchema):
        avro.columns(schema)
