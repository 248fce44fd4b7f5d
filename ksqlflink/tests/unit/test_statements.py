"""What statements do and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ksqlflink.catalogue.model import Column
from ksqlflink.dialect.types import DOUBLE, STRING
from ksqlflink.errors import BadRequest, BadStatement, KsqlError, SequenceTimeout, ServerProblem
from unit.fakes import NULLABLE_STRING, Stage, joined_shop, shop

ON = "FROM orders o JOIN payments p WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON o.order_id = p.order_id"
PAID = f"CREATE STREAM paid AS SELECT o.order_id AS id, p.payment_amount {ON};"


def refusal(stage: Stage, text: str, **properties: Any) -> str:
    with pytest.raises(KsqlError) as raised:
        stage.run(text, **properties)
    return raised.value.message


def sink(stage: Stage, select: str) -> tuple[Column, ...]:
    stage.run(f"CREATE STREAM s AS SELECT {select};")
    source = stage.catalogue.source("S")
    assert source is not None
    return source.columns


# -- keys and names of a sink -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "names", "key"),
    [
        (f"o.order_id, p.payment_id {ON}", ["O_ORDER_ID", "PAYMENT_ID"], "O_ORDER_ID"),
        (f"p.payment_id, p.order_id {ON}", ["P_ORDER_ID", "PAYMENT_ID"], "P_ORDER_ID"),
        (f"p.order_id, o.order_id, p.method {ON}", ["O_ORDER_ID", "P_ORDER_ID", "METHOD"], "O_ORDER_ID"),
        (f"o.order_id AS `k`, AS_VALUE(o.order_id) AS `order_id` {ON}", ["k", "order_id"], "k"),
        (f"o.order_id k, AS_VALUE(p.method) {ON}", ["K", "KSQL_COL_0"], "K"),
        (
            f"o.order_id k, p.* {ON}",
            ["K", "P_PAY_KEY", "P_PAYMENT_ID", "P_ORDER_ID", "P_PAYMENT_AMOUNT", "P_METHOD"],
            "K",
        ),
        ("order_id, store_id FROM orders", ["ORDER_ID", "STORE_ID"], None),
        ("method, pay_key FROM payments", ["PAY_KEY", "METHOD"], "PAY_KEY"),
        ("* FROM payments", ["PAY_KEY", "PAYMENT_ID", "ORDER_ID", "PAYMENT_AMOUNT", "METHOD"], "PAY_KEY"),
    ],
)
def test_columns_of_a_sink(select: str, names: list[str], key: str | None) -> None:
    columns = sink(joined_shop(), select)
    assert [column.name for column in columns] == names
    assert [column.name for column in columns if column.key] == [key] * (key is not None)


def test_a_sink_takes_partitions_and_format_of_its_source_and_keeps_the_case_of_its_topic() -> None:
    stage = Stage()
    stage.avro("t", [{"name": "a", "type": NULLABLE_STRING}], partitions=3)
    stage.run("CREATE STREAM t (k INT KEY) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO');")
    stage.run("CREATE STREAM u WITH (KAFKA_TOPIC='lower') AS SELECT k, a FROM t;")
    assert stage.topics.topics["lower"].partitions == 3
    assert '"name":"A"' in (stage.registry.latest("lower-value") or "")
    source = stage.catalogue.source("U")
    assert source is not None
    assert (source.value_format, source.key) == (
        "AVRO",
        Column("K", stage.catalogue.source("T").key.type, True),
    )  # type: ignore[union-attr]


# -- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("order_id FROM orders EMIT CHANGES LIMIT 3", "LIMIT of a persistent query is not supported"),
        ("order_id FROM orders HAVING store_id > 1", "HAVING without GROUP BY is not supported"),
        (
            f"o.order_id, EXPLODE(o.items) AS i, p.method {ON}",
            "Line: 1, Col: 39: EXPLODE of a join is not supported by ksqlflink",
        ),
        (
            "order_id FROM orders WINDOW TUMBLING (SIZE 1 HOUR)",
            "Line: 1, Col: 55: WINDOW clause requires a GROUP BY clause.",
        ),
        ("order_id FROM orders EMIT FINAL", "EMIT FINAL is only supported for windowed aggregations."),
        (f"o.order_id a, o.order_id b, p.method {ON}", "(`O_ORDER_ID`) more than once, aliased as: A and B."),
        (f"o.order_id a, p.method a {ON}", "Value columns clash with key columns: `A`"),
        (
            f"o.order_id a, p.method b, p.payment_id b {ON}",
            "Duplicate value columns found in schema: `B` STRING",
        ),
        (f"o.order_id {ON}", "The projection contains no value columns."),
        (
            "payment_id FROM payments",
            "must include the key column PAY_KEY in its projection (eg, SELECT PAY_KEY...).",
        ),
        (
            "order_id FROM orders PARTITION BY store_id",
            "must include the partitioning expression ORDERS.STORE_ID in its projection",
        ),
        (
            "order_id FROM orders WHERE order_id > 3",
            "Cannot compare ORDER_ID (STRING) to 3 (INTEGER) with GREATER_THAN.",
        ),
        (
            "order_id FROM orders WHERE store_id",
            "Should evaluate to boolean but is STORE_ID (INTEGER) instead.",
        ),
        ("NULL AS n FROM orders", "Can't infer a type of null."),
        ("ROWTIME FROM orders", "Reserved column name in select: `ROWTIME`."),
        ("order_id AS windowstart FROM orders", "`WINDOWSTART` is a reserved column name."),
        (
            "CAST(items AS INT) AS n FROM orders",
            "Cast of ARRAY<STRUCT<SKU STRING, QTY INTEGER>> to INTEGER is not",
        ),
        (
            "items->sku AS n FROM orders",
            "Expected STRUCT type, got: ARRAY<STRUCT<`SKU` STRING, `QTY` INTEGER>>",
        ),
        ("items[1]->size AS n FROM orders", "Could not find field 'SIZE' in 'ITEMS[1]'."),
    ],
)
def test_what_is_not_supported_is_refused_by_name(select: str, message: str) -> None:
    stage = joined_shop()
    assert message in refusal(stage, f"CREATE STREAM s AS SELECT {select};")
    assert stage.catalogue.source("S") is None
    assert "S" not in stage.topics.topics
    assert stage.jobs.started == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE TABLE t AS SELECT order_id FROM orders;", "Your SELECT query produces a STREAM."),
        (
            "CREATE STREAM t WITH (WINDOW_TYPE='SESSION') AS SELECT a FROM orders;",
            "Col: 35: The WITH property WINDOW_TYPE is",
        ),
        (
            "CREATE STREAM t (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='PROTOBUF');",
            "VALUE_FORMAT PROTOBUF is not",
        ),
        (
            "CREATE STREAM t (a INT) WITH (KAFKA_TOPIC='plain', FORMAT='AVRO');",
            "Schema for message keys on topic 'plain' does not exist in the Schema Registry.",
        ),
        (
            "CREATE STREAM t (a DATE KEY) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');",
            "does not support type 'DATE'",
        ),
        (
            "CREATE STREAM t (a INT KEY, b INT KEY) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');",
            "only supports a single field. Got: [`A`, `B`]",
        ),
        (
            "CREATE STREAM t (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON', TIMESTAMP='b');",
            "The TIMESTAMP column set in the WITH clause does not exist in the schema: 'B'",
        ),
        (
            "CREATE STREAM t (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON', TIMESTAMP='a');",
            "Timestamp column, A, should be LONG(INT64), TIMESTAMP, or a String with a timestamp_format",
        ),
        (
            "CREATE STREAM t (a INT) WITH (KAFKA_TOPIC='p', PARTITIONS='x', VALUE_FORMAT='JSON');",
            "number of type INT",
        ),
        (
            "CREATE OR REPLACE STREAM orders (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');",
            "Cannot upgrade data source: DataSource '`ORDERS`' has schema = `ORDER_ID` STRING,",
        ),
        (
            "CREATE SOURCE STREAM t (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');",
            "CREATE SOURCE STREAM is",
        ),
        ("RUN SCRIPT 'x';", "Line: 1, Col: 1: RUN SCRIPT is not supported"),
        ("ALTER STREAM orders ADD a INT;", "ALTER STREAM is not supported"),
        ("SHOW FUNCTIONS EXTENDED;", "SHOW FUNCTIONS EXTENDED is not supported"),
        ("SHOW SOMETHING;", "SHOW SOMETHING is not supported"),
    ],
)
def test_statements_that_are_refused(text: str, message: str) -> None:
    stage = joined_shop()
    stage.run("CREATE STREAM j (a INT) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='JSON');")
    assert message in refusal(stage, text)


def test_what_flink_does_not_accept_leaves_nothing_in_the_catalogue() -> None:
    stage = joined_shop()
    stage.jobs.refusal = "no such connector"
    assert refusal(stage, PAID) == "Flink does not accept the query: no such connector"
    assert stage.catalogue.source("PAID") is None
    assert stage.catalogue.queries() == []


def test_a_topic_of_another_shape_is_not_written_to() -> None:
    stage = joined_shop()
    stage.topics.add("PAID", partitions=4)
    assert "KSQL expects 1 partitions (topic has 4)" in refusal(stage, PAID)


# -- ids, numbers, properties -------------------------------------------------------------------------------


def test_command_sequence_numbers_and_query_ids_follow_the_command_log() -> None:
    stage = joined_shop()
    (created,) = stage.run(PAID)
    assert created["commandSequenceNumber"] == 4
    assert created["commandStatus"]["queryId"] == "CSAS_PAID_3"
    assert stage.requests.run("SHOW STREAMS;", {}, 4)
    with pytest.raises(SequenceTimeout):
        stage.requests.run("SHOW STREAMS;", {}, 6)


def start_options(stage: Stage, text: str, **properties: Any) -> str:
    stage.run(text, **properties)
    return next(table for table in stage.jobs.started[-1].job.tables if "`$in_0`" in table)


def test_a_new_query_reads_from_where_the_topics_end_now() -> None:
    stage = joined_shop()
    for _ in range(10):
        stage.records.write("orders", b"k", None, 0)
    table = start_options(stage, PAID)
    assert "'scan.startup.mode' = 'specific-offsets'" in table
    assert "'scan.startup.specific-offsets' = 'partition:0,offset:10'" in table


@pytest.mark.parametrize("name", ["auto.offset.reset", "ksql.streams.auto.offset.reset"])
def test_or_from_their_beginning(name: str) -> None:
    assert "'earliest-offset'" in start_options(joined_shop(), PAID, **{name: "earliest"})
    assert "'earliest-offset'" in start_options(joined_shop(), f"SET '{name}'='earliest'; {PAID}")
    assert "'specific-offsets'" in start_options(
        joined_shop(), f"SET '{name}'='earliest'; UNSET '{name}'; {PAID}"
    )


def test_streams_properties_are_checked() -> None:
    stage = shop()
    stage.run("SHOW STREAMS;", **{"ksql.streams.commit.interval.ms": "100", "num.stream.threads": 2})
    with pytest.raises(BadRequest, match="must be one of: latest, earliest, none"):
        stage.run("SHOW STREAMS;", **{"auto.offset.reset": "sideways"})
    with pytest.raises(ServerProblem, match="Not recognizable as ksql"):
        stage.run("SHOW STREAMS;", **{"no.such.property": "x"})


def test_how_many_values_are_collected_is_a_number() -> None:
    stage, name = shop(), "ksql.functions.collect_set.limit"
    with pytest.raises(BadRequest, match=f"Failed to coerce type of value 'many' for key '{name}'"):
        stage.run("SHOW STREAMS;", **{name: "many"})
    stage.run(f"SET '{name}'='1000'; UNSET '{name}';")
    with pytest.raises(BadStatement, match=f"Invalid value many for configuration {name}: Not a number"):
        stage.run(f"SET '{name}'='many';")


# -- DROP and TERMINATE -------------------------------------------------------------------------------------


def test_dropping_a_sink_ends_its_query_and_keeps_topic_and_subject() -> None:
    stage = joined_shop()
    stage.run(PAID)
    stage.jobs.stuck = True
    (answer,) = stage.run("DROP STREAM paid;")
    assert answer["commandStatus"]["message"] == "Source `PAID` (topic: PAID) was dropped."
    assert stage.jobs.stopped == ["CSAS_PAID_3"]
    assert [query.id for query in stage.catalogue.stopping()] == ["CSAS_PAID_3"]
    assert stage.catalogue.queries() == []
    assert "PAID" in stage.topics.topics
    assert "PAID-value" in stage.registry.subjects


def test_delete_topic_removes_topic_and_subject() -> None:
    stage = joined_shop()
    stage.run(PAID)
    (answer,) = stage.run("drop stream paid delete topic;")
    assert answer["statementText"] == "DROP STREAM PAID;"
    assert "PAID" not in stage.topics.topics
    assert "PAID-value" not in stage.registry.subjects


def test_a_source_that_is_read_cannot_be_dropped_even_after_its_reader_was_terminated() -> None:
    stage = joined_shop()
    stage.run(PAID)
    stage.run("TERMINATE csas_paid_3;")
    assert refusal(stage, "DROP STREAM orders;") == (
        "Cannot drop ORDERS.\nThe following streams and/or tables read from this source: [PAID].\n"
        "You need to drop them before dropping ORDERS."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DROP STREAM nobody;", "Stream NOBODY does not exist."),
        ("DROP TABLE orders;", "Incompatible data source type is stream, but statement was DROP table"),
        ("TERMINATE nobody;", "Unknown queryId: NOBODY"),
    ],
)
def test_what_is_not_there_cannot_be_dropped(text: str, message: str) -> None:
    assert refusal(joined_shop(), text) == message


def test_dropping_what_is_not_there_if_it_exists_is_a_success() -> None:
    (answer,) = shop().run("DROP STREAM IF EXISTS nobody;")
    assert answer["commandStatus"]["message"] == "Source `NOBODY` does not exist."


def test_terminate_all_ends_every_query() -> None:
    stage = joined_shop()
    stage.run(PAID)
    stage.run(PAID.replace("paid", "paid2"))
    (answer,) = stage.run("TERMINATE ALL;")
    assert answer["commandId"] == "terminate/ALL/execute"
    assert stage.jobs.stopped == ["CSAS_PAID_3", "CSAS_PAID2_5"]
    assert stage.run("SHOW QUERIES;")[0]["queries"] == []


def test_a_terminated_query_is_listed_until_its_job_has_ended() -> None:
    """What it still writes would come after whatever is done because it is gone."""
    stage = joined_shop()
    stage.run(PAID)
    stage.jobs.stuck = True
    stage.run("TERMINATE CSAS_PAID_3;")
    [listed] = stage.run("SHOW QUERIES;")[0]["queries"]
    assert listed["id"] == "CSAS_PAID_3"
    described = stage.run("DESCRIBE paid;")[0]["sourceDescription"]
    assert [query["id"] for query in described["writeQueries"]] == ["CSAS_PAID_3"]
    stage.jobs.stuck = False
    stage.run("TERMINATE CSAS_PAID_3;")
    assert stage.run("SHOW QUERIES;")[0]["queries"] == []
    assert stage.run("DESCRIBE paid;")[0]["sourceDescription"]["writeQueries"] == []


def test_show_topics_hides_internal_ones() -> None:
    stage = Stage()
    for name in ("a", "__consumer_offsets", "_schemas", "connect-configs"):
        stage.topics.add(name, partitions=2)
    (plain,) = stage.run("LIST TOPICS;")
    assert plain["topics"] == [{"name": "a", "replicaInfo": [1, 1]}]
    (everything,) = stage.run("SHOW ALL TOPICS;")
    assert [topic["name"] for topic in everything["topics"]] == ["_schemas", "a", "connect-configs"]


def test_show_properties_lists_what_the_request_set() -> None:
    (answer,) = shop().run("SHOW PROPERTIES;", **{"auto.offset.reset": "earliest"})
    assert answer["overwrittenProperties"] == ["auto.offset.reset"]
    assert {"ksql.service.id", "auto.offset.reset"} < {item["name"] for item in answer["properties"]}


def test_describe_streams_describes_every_stream() -> None:
    (answer,) = joined_shop().run("DESCRIBE STREAMS EXTENDED;")
    assert [item["name"] for item in answer["sourceDescriptions"]] == ["ORDERS", "PAYMENTS"]
    assert all(item["extended"] for item in answer["sourceDescriptions"])
    assert joined_shop().run("DESCRIBE TABLES;")[0]["sourceDescriptions"] == []


def test_a_bad_statement_carries_its_text() -> None:
    with pytest.raises(BadStatement) as raised:
        shop().run("SHOW STREAMS; DESCRIBE nobody;")
    assert raised.value.body()["statementText"] == "DESCRIBE nobody;"


def test_types_of_a_sink_are_those_of_its_source() -> None:
    columns = sink(joined_shop(), f"o.order_id k, o.order_total {ON}")
    assert columns == (Column("K", STRING, True), Column("ORDER_TOTAL", DOUBLE))
