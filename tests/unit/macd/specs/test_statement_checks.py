"""Every statement of include/ksql is checked before any server is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from macd.errors import SpecError
from macd.settings import REPOSITORY
from macd.specs import load_pipeline
from tests.unit.macd.specs.files import edit

MISMATCHES = "04_macd_payment_mismatches.sql"
JOINED = "03_macd_orders_payments_joined.sql"
PAID = "05_macd_paid_orders.sql"
ORDERS = "01_macd_orders_stream.sql"


def extra(include: Path, query: str, *, name: str = "macd_extra", kind: str = "STREAM") -> None:
    """One statement more, over a topic of its own."""
    sql = f"CREATE {kind} {name} WITH (KAFKA_TOPIC = '{name}', VALUE_FORMAT = 'AVRO') AS\n{query}\n"
    (include / "ksql" / f"08_{name}.sql").write_text(sql)
    topic = (
        (include / "topics" / "macd_orders.yaml").read_text().replace("name: macd_orders", f"name: {name}")
    )
    (include / "topics" / f"{name}.yaml").write_text(topic)


@pytest.mark.parametrize("target", ["local", "compose", "cloud"])
def test_the_projects_own_statements_hold_everywhere(target: str) -> None:
    assert load_pipeline(REPOSITORY / "include", target).notes == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "what", "remedy"),
    [
        (
            MISMATCHES,
            "`customer_id`",
            "`custmer_id`",
            "11:3",
            "column 'custmer_id' cannot be",
            "Did you mean `customer_id`?",
        ),
        (MISMATCHES, "`order_total` <> ", "order_totl <> ", "20:7", "'ORDER_TOTL' cannot be resolved", ""),
        (JOINED, "o.order_id = p.order_id", "o.order_id = p.payment_amount", "", "Key types differ", ""),
        (JOINED, "WITHIN 24 HOURS GRACE PERIOD 24 HOURS", "", "", "must have a WITHIN clause", ""),
        (JOINED, "o.order_id AS order_key,", "", "", "Key missing from projection", ""),
        (MISMATCHES, "<> `payment_amount`", "<> 'much'", "20:", "Cannot compare", ""),
        (
            MISMATCHES,
            "`payment_amount` - `order_total`",
            "`payment_amount` - `customer_id`",
            "",
            "Unsupported",
            "",
        ),
        (PAID, "CREATE TABLE", "CREATE STREAM", "", "Your SELECT query produces a TABLE", ""),
        (PAID, "GROUP BY order_key", "GROUP BY customer_id", "", "'CUSTOMER_ID' cannot be resolved", ""),
        (ORDERS, "TIMESTAMP = 'order_time'", "TIMESTAMP = 'time'", "", "does not exist in the schema", ""),
        (ORDERS, "'AVRO'", "'XML'", "", "Unknown format: XML", ""),
        (ORDERS, "VARCHAR KEY", "VARCHAR PRIMARY KEY", "4:3", "please use 'KEY' for streams", ""),
        (ORDERS, "TIMESTAMP = ", "TIMESTAMPS = ", "", "Invalid config variable(s)", ""),
    ],
)
def test_what_ksqldb_would_refuse_is_an_error_on_every_target(
    include: Path, file: str, old: str, new: str, where: str, what: str, remedy: str
) -> None:
    edit(include / "ksql" / file, old, new)
    for target in ("local", "compose", "cloud"):
        with pytest.raises(SpecError) as raised:
            load_pipeline(include, target)
        assert f"{file}:{where}" in raised.value.message
        assert what in raised.value.message
        assert remedy in raised.value.remedy


def test_a_source_that_is_not_there_is_named_with_what_was_meant(include: Path) -> None:
    edit(include / "ksql" / MISMATCHES, "FROM macd_orders_payments_joined", "FROM macd_order_payments_joined")
    with pytest.raises(SpecError) as raised:
        load_pipeline(include, "cloud")
    assert "'MACD_ORDER_PAYMENTS_JOINED', which does not exist" in raised.value.message
    assert raised.value.remedy.startswith("Did you mean MACD_ORDERS_PAYMENTS_JOINED?")


def test_columns_may_come_from_the_schema_of_the_topic(include: Path) -> None:
    path = include / "ksql" / "02_macd_payments_stream.sql"
    path.write_text(
        "CREATE STREAM macd_payments_stream (payment_key VARCHAR KEY) WITH (KAFKA_TOPIC = 'macd_payments', "
        "VALUE_FORMAT = 'AVRO', TIMESTAMP = 'payment_time');"
    )
    assert load_pipeline(include, "local").notes == ()
    schema = include / "schemas" / "macd_payments-value.avsc"
    definition = json.loads(schema.read_text())
    definition["fields"] = [each for each in definition["fields"] if each["name"] != "payment_method"]
    schema.write_text(json.dumps(definition))
    with pytest.raises(SpecError, match=r"03_macd_orders_payments_joined\.sql.*PAYMENT_METHOD' cannot"):
        load_pipeline(include, "local")


@pytest.mark.parametrize("target", ["local", "cloud"])
def test_a_schema_that_somebody_else_registers_is_a_note_on_every_target(include: Path, target: str) -> None:
    for name, query in (
        (
            "08_macd_theirs",
            "CREATE STREAM macd_theirs WITH (KAFKA_TOPIC = 'macd_theirs', VALUE_FORMAT = 'AVRO');",
        ),
        (
            "09_macd_copy",
            "CREATE STREAM macd_copy WITH (KAFKA_TOPIC = 'macd_copy', VALUE_FORMAT = 'AVRO') AS "
            "SELECT anything FROM macd_theirs;",
        ),
    ):
        (include / "ksql" / f"{name}.sql").write_text(query)
        topic = name.partition("_")[2]
        text = (include / "topics" / "macd_orders.yaml").read_text()
        (include / "topics" / f"{topic}.yaml").write_text(text.replace("name: macd_orders", f"name: {topic}"))
    first, second = load_pipeline(include, target).notes
    assert "its columns are in the subject macd_theirs-value, whose schema is not at hand" in first
    assert "it reads MACD_THEIRS, which could not be checked" in second


def test_columns_of_a_result_may_be_read_from_its_topic(include: Path) -> None:
    path = include / "ksql" / "06_macd_paid_orders_stream.sql"
    path.write_text(
        "CREATE STREAM macd_paid_orders_stream "
        "WITH (KAFKA_TOPIC = 'macd_paid_orders', VALUE_FORMAT = 'AVRO');"
    )
    assert load_pipeline(include, "local").notes == ()
    edit(include / "ksql" / PAID, "AS payment_method", "AS method")
    with pytest.raises(SpecError, match=r"07_macd_hourly_revenue\.sql.*'PAYMENT_METHOD' cannot be resolved"):
        load_pipeline(include, "local")


def test_a_name_is_created_once(include: Path) -> None:
    (include / "ksql" / "08_macd_orders_stream.sql").write_text((include / "ksql" / ORDERS).read_text())
    with pytest.raises(SpecError, match="MACD_ORDERS_STREAM is created by an earlier statement already"):
        load_pipeline(include, "local")


THREE = (
    "SELECT o.order_id, p.payment_id FROM macd_orders_stream o\n"
    "JOIN macd_payments_stream p WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON o.order_id = p.order_id\n"
    "JOIN macd_payment_mismatches m WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON o.order_id = m.order_key;"
)
SELECT = "SELECT order_key, {} AS x FROM macd_payment_mismatches EMIT CHANGES;"


@pytest.mark.parametrize(
    ("query", "note"),
    [
        (THREE, "Joining more than two sources is not supported by ksqlflink"),
        (
            SELECT.format("MY_FUNCTION(`payment_id`)"),
            "line 2, column 19: the function MY_FUNCTION is not known",
        ),
        (SELECT.format("UCASSE(`payment_id`)"), "the function UCASSE is not known; did you mean UCASE?"),
        (
            SELECT.format("UCASE(`order_total`)"),
            "Function 'ucase' does not accept parameters (DECIMAL(10, 2))",
        ),
    ],
)
def test_what_only_a_ksqldb_server_can_tell_is_a_note_there_and_an_error_on_the_embedded_one(
    include: Path, query: str, note: str
) -> None:
    extra(include, query)
    for target in ("compose", "cloud"):
        [found] = load_pipeline(include, target).notes
        assert found.startswith("include/ksql/08_macd_extra.sql: not checked: ")
        assert note in found
    with pytest.raises(SpecError) as raised:
        load_pipeline(include, "local")
    assert note in raised.value.message
    assert "choose a target with a ksqlDB server" in raised.value.remedy


def test_what_reads_an_unchecked_stream_is_not_checked_either_and_the_rest_is(include: Path) -> None:
    extra(include, THREE)
    reader = "SELECT order_id FROM macd_extra EMIT CHANGES;"
    sql = f"CREATE STREAM macd_more WITH (KAFKA_TOPIC = 'macd_extra', VALUE_FORMAT = 'AVRO') AS {reader}"
    (include / "ksql" / "09_macd_more.sql").write_text(sql)
    first, second = load_pipeline(include, "cloud").notes
    assert "08_macd_extra.sql" in first
    assert second.endswith("09_macd_more.sql: not checked: it reads MACD_EXTRA, which could not be checked.")
    edit(include / "ksql" / MISMATCHES, "`customer_id`", "`custmer_id`")
    with pytest.raises(SpecError, match="custmer_id"):
        load_pipeline(include, "cloud")
