"""Statements checked without a server, against what a real one accepted and refused."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ksqldb_conformance.services import RECORDINGS
from ksqlflink.checking import NotChecked, Refused, StatementChecker
from ksqlflink.dialect import DialectError, parse
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource
from unit.fakes import exchanges

CASES = sorted((RECORDINGS / "cases").glob("*.json"))
ORDERS = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "order_id", "type": "string"},
        {"name": "store_id", "type": "int"},
        {"name": "order_total", "type": "double"},
    ],
}
PAYMENTS = {
    "type": "record",
    "name": "Payment",
    "fields": [
        {"name": "payment_id", "type": "string"},
        {"name": "order_id", "type": "string"},
        {"name": "payment_amount", "type": "double"},
        {"name": "method", "type": "string"},
    ],
}
SHOP = (
    "CREATE STREAM orders WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='AVRO');"
    "CREATE STREAM payments (pay_key VARCHAR KEY) WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='AVRO');"
    "CREATE STREAM one (id VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='one_part', VALUE_FORMAT='JSON');"
    "CREATE STREAM four (id VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='four_parts', VALUE_FORMAT='JSON');"
)


def creates(sql: str) -> list[CreateSource | CreateAsSelect]:
    return [each for each in parse(sql) if isinstance(each, CreateSource | CreateAsSelect)]


def opened() -> StatementChecker:
    """A checker that has seen the shop's sources."""
    schemas = {"orders-value": json.dumps(ORDERS), "payments-value": json.dumps(PAYMENTS)}
    checker = StatementChecker(schemas, {"orders": 2, "payments": 2, "one_part": 1, "four_parts": 4})
    for statement in creates(SHOP):
        checker.check(statement)
    return checker


@pytest.fixture
def shop() -> StatementChecker:
    return opened()


def refused(checker: StatementChecker, sql: str) -> Refused:
    (statement,) = creates(sql)
    with pytest.raises(Refused) as raised:
        checker.check(statement)
    return raised.value


@pytest.mark.skipif(not CASES, reason="the recordings are not at hand")
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_nothing_that_a_real_server_ran_is_refused(path: Path) -> None:
    case = json.loads(path.read_text())
    latest = {
        name: each[-1] if isinstance(each, list) else each for name, each in case.get("schemas", {}).items()
    }
    schemas = {name: json.dumps(schema) for name, schema in latest.items()}
    checker = StatementChecker(
        schemas, {topic["name"]: topic.get("partitions", 1) for topic in case["topics"]}
    )
    for sql in case["statements"]:
        for statement in creates(sql):
            with suppress(NotChecked):
                checker.check(statement)


# What the recordings say of these needs a catalogue or a broker, which a check has not.
NEEDS_A_SERVER = ("already exists", "does not exist. If you want", "Cannot upgrade", "Upgrades not yet")
RECORDED_REFUSALS = (
    *("create-stream-bad-with", "create-stream-infer-no-schema", "create-table", "csas-join-errors"),
    *("ctas-errors", "error-bad-column", "error-decimal-literal", "error-simple-case", "error-types"),
)


@pytest.mark.parametrize("name", RECORDED_REFUSALS)
def test_what_a_real_server_refused_is_refused_or_told(name: str) -> None:
    story = (
        "CREATE STREAM u_wide (id VARCHAR KEY, a INT, d DOUBLE) WITH (KAFKA_TOPIC='w', VALUE_FORMAT='JSON');"
    )
    seen = 0
    for exchange in exchanges(name):
        answer: Any = exchange["response"]["body"]
        if exchange["response"]["status"] != 400 or any(part in answer["message"] for part in NEEDS_A_SERVER):
            continue
        sql = exchange["request"]["body"]["ksql"]
        if any(part in answer["message"] for part in ("unknown type", "Duplicate column names")):
            with pytest.raises(DialectError):
                parse(sql)
            continue
        for statement in creates(sql):
            shop = opened()
            shop.check(creates(story)[0])
            with pytest.raises((Refused, NotChecked)) as raised:
                shop.check(statement)
            seen += 1
            if isinstance(raised.value, Refused):
                first = raised.value.reason.split(". ")[0].rstrip(".")
                assert first.split(",")[0] in " ".join(answer["message"].split())
    assert seen


@pytest.mark.parametrize(
    ("sql", "line", "column", "reason", "meant"),
    [
        (
            "CREATE STREAM s AS SELECT order_id,\n  order_totl FROM orders;",
            *(2, 3, "SELECT column 'ORDER_TOTL' cannot be resolved", "ORDER_TOTAL"),
        ),
        ("CREATE STREAM s AS SELECT * FROM\n order_s;", 2, 2, "ORDER_S does not exist", "ORDERS"),
        ("CREATE STREAM s AS SELECT * FROM nobody;", 1, 34, "NOBODY does not exist", None),
        (
            "CREATE STREAM s AS SELECT * FROM orders\n WHERE order_total = 'x';",
            *(
                2,
                8,
                "Error in WHERE expression: Cannot compare ORDER_TOTAL (DOUBLE) to 'x' (STRING) with EQUAL",
            ),
            None,
        ),
        (
            "CREATE TABLE t AS SELECT method, payment_id, COUNT(*) AS n FROM payments GROUP BY method;",
            *(1, 1, "Non-aggregate SELECT expression(s) not part of GROUP BY: PAYMENT_ID", None),
        ),
    ],
)
def test_a_refusal_says_where_why_and_what_was_meant(
    shop: StatementChecker, sql: str, line: int, column: int, reason: str, meant: str | None
) -> None:
    found = refused(shop, sql)
    assert (found.position.line, found.position.column) == (line, column)
    assert found.reason.startswith(reason)
    assert found.meant == meant


def test_a_name_in_lower_case_is_suggested_in_quotes(shop: StatementChecker) -> None:
    shop.check(creates("CREATE STREAM s AS SELECT order_id, order_total AS `total` FROM orders;")[0])
    assert refused(shop, "CREATE STREAM z AS SELECT totl FROM s;").meant == "`total`"


def test_partitions_of_joined_topics_are_compared(shop: StatementChecker) -> None:
    sql = "CREATE STREAM s AS SELECT a.id, b.a FROM one a JOIN four b WITHIN 1 HOUR ON a.id = b.id;"
    assert "`A` partitions = 1; `B` partitions = 4" in refused(shop, sql).reason


def test_a_result_is_known_to_the_statements_behind_it(shop: StatementChecker) -> None:
    shop.check(creates("CREATE TABLE t AS SELECT method, COUNT(*) AS n FROM payments GROUP BY method;")[0])
    shop.check(creates("CREATE TABLE u AS SELECT method, n + 1 AS m FROM t;")[0])
    assert (
        "Unsupported arithmetic"
        in refused(shop, "CREATE TABLE v AS SELECT method, n + method AS m FROM t;").reason
    )


def test_a_refused_statement_makes_its_readers_unchecked_only(shop: StatementChecker) -> None:
    refused(shop, "CREATE STREAM s AS SELECT nothing FROM orders;")
    with pytest.raises(NotChecked, match="it reads S, which could not be checked"):
        shop.check(creates("CREATE STREAM z AS SELECT * FROM s;")[0])


def test_a_name_can_be_taken_once(shop: StatementChecker) -> None:
    assert (
        refused(shop, SHOP.split(";")[0] + ";").reason == "ORDERS is created by an earlier statement already"
    )


def test_no_server_is_imported() -> None:
    look = "import sys, ksqlflink.checking; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "ksqlflink.checking" in loaded
    servers = {"rest", "results", "services", "flink", "worker", "catalogue.store", "statements.world"}
    assert loaded & {f"ksqlflink.{name}" for name in servers} == set()
    foreign = {"confluent_kafka", "requests", "sqlite3", "uvicorn", "hypercorn", "airflow", "macd"}
    assert loaded & foreign == set()
