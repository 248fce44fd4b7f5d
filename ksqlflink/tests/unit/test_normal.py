"""A statement and the text a server keeps of it; the texts of a real server are in statement_texts.json."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ksqlflink.dialect import ast, format_statement, same_definition
from ksqlflink.dialect import statements as st

RECORDED = json.loads((Path(__file__).parent / "statement_texts.json").read_text())
CSAS = "CREATE STREAM s WITH (KAFKA_TOPIC='s') AS SELECT a.k AS k, v FROM a WHERE v != 1 EMIT CHANGES;"
SHOWN = (
    "CREATE STREAM S WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='s', PARTITIONS=3, REPLICAS=1, "
    "RETENTION_MS=604800000) AS SELECT\n  A.K K,\n  A.V V\nFROM A A\nWHERE (A.V <> 1)\nEMIT CHANGES;"
)


@pytest.mark.parametrize("pair", RECORDED, ids=lambda pair: pair["recording"])
def test_what_a_real_server_shows_is_what_was_sent(pair: dict[str, str]) -> None:
    assert same_definition(pair["sent"], pair["shown"])
    assert same_definition(pair["shown"], pair["shown"])


def test_no_recorded_statement_is_taken_for_another() -> None:
    def guarded(text: str) -> str:
        return re.sub(r"OR REPLACE |IF NOT EXISTS ", "", text, flags=re.IGNORECASE).upper()

    definitions = {guarded(pair["shown"]): pair for pair in RECORDED}
    confused = [
        (one["sent"], other["shown"])
        for one, other in combinations(definitions.values(), 2)
        if same_definition(one["sent"], other["shown"]) and _topicless(one) != _topicless(other)
    ]
    assert confused == []


def _topicless(pair: dict[str, str]) -> str:
    """The text without what describes the topic: two recordings that differ only there are one definition."""
    plain = re.sub(
        r"(CLEANUP_POLICY|PARTITIONS|REPLICAS|RETENTION_MS)=('[^']*'|-?\d+)(, )?", "", pair["shown"]
    )
    return re.sub(r"OR REPLACE |IF NOT EXISTS ", "", plain)


@pytest.mark.parametrize(
    ("sent", "other"),
    [
        ("v != 1", "(v) <> (1)"),
        ("NOT v IN (1, 2)", "v NOT IN (1, 2)"),
        ("NOT (v BETWEEN 1 AND 2)", "v NOT BETWEEN 1 AND 2"),
        ("NOT (v LIKE 'a')", "v NOT LIKE 'a'"),
        ("NOT (v IS DISTINCT FROM 1)", "v IS NOT DISTINCT FROM 1"),
        ("v = 1.5e0", "v = 15E-1"),
        ("v = 00.5", "v = .5"),
        ("v || 'x' = 'ax'", "concat(v, 'x') = 'ax'"),
        ("true = v", "TRUE = V"),
        ("v = 1 -- why\n AND k = 'a'", "(v = 1) AND (`K` = 'a')"),
    ],
)
def test_two_spellings_of_one_condition(sent: str, other: str) -> None:
    one, two = (f"CREATE STREAM s AS SELECT k FROM a WHERE {condition};" for condition in (sent, other))
    assert same_definition(one, two)
    assert same_definition(two, one)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("WITHIN 1 DAY GRACE PERIOD 60 MINUTES", "WITHIN 24 HOURS GRACE PERIOD 1 HOURS"),
        ("WITHIN (60 SECONDS, 1 MINUTE)", "WITHIN 1 MINUTES"),
    ],
)
def test_two_spellings_of_one_duration(sent: str, shown: str) -> None:
    one, two = (
        f"CREATE STREAM s AS SELECT a.k FROM a JOIN b {within} ON a.k = b.k;" for within in (sent, shown)
    )
    assert same_definition(one, two)


def test_names_are_the_same_in_quotes_when_they_are_upper_case() -> None:
    assert same_definition("CREATE STREAM `S` AS SELECT `K` FROM `A`;", "CREATE STREAM s AS SELECT k FROM a;")
    assert not same_definition("CREATE STREAM `s` AS SELECT k FROM a;", "CREATE STREAM s AS SELECT k FROM a;")


def test_topic_properties_and_values_as_text_make_no_difference() -> None:
    sent = (
        "CREATE STREAM s (k INT KEY, v INT) WITH (KAFKA_TOPIC='t', format='json', PARTITIONS='4', "
        "TIMESTAMP='v', WRAP_SINGLE_VALUE='true', WINDOW_TYPE='tumbling', WINDOW_SIZE='1 HOUR');"
    )
    shown = (
        "CREATE STREAM S (K INTEGER KEY, V INTEGER) WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='t', "
        "KEY_FORMAT='JSON', PARTITIONS=4, TIMESTAMP='`V`', VALUE_FORMAT='JSON', WINDOW_SIZE='60 MINUTES', "
        "WINDOW_TYPE='TUMBLING', WRAP_SINGLE_VALUE=true);"
    )
    assert same_definition(sent, shown)
    for changed in (
        ("'4 HOURS'", "'60 MINUTES'"),
        ("'`W`'", "'`V`'"),
        ("WRAP_SINGLE_VALUE=false", "WRAP_SINGLE_VALUE=true"),
    ):
        assert not same_definition(sent, shown.replace(changed[1], changed[0]))


@pytest.mark.parametrize(
    ("selected", "alias", "same"),
    [
        ("a.k", "A_K", True),  # both sides have a k
        ("a.k", "K", True),
        ("a.k", "B_K", False),
        ("a.k AS k", "A_K", False),
        ("a.v + 1", "KSQL_COL_0", True),
        ("a.v + 1", "V", False),
        ("a.s->f", "F", True),
        ("a.s->f", "F_1", True),
        ("a.s->f", "G", False),
    ],
)
def test_the_names_that_a_server_makes_up(selected: str, alias: str, same: bool) -> None:
    join = "FROM a JOIN b WITHIN 1 HOUR ON a.k = b.k"
    expression = selected.partition(" AS ")[0]
    sent = f"CREATE STREAM s AS SELECT {selected} {join};"
    assert same_definition(sent, f"CREATE STREAM s AS SELECT {expression} AS {alias} {join};") is same


def test_columns_from_the_registry_are_those_a_server_found() -> None:
    sent = "CREATE STREAM s WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO');"
    shown = "CREATE STREAM S (V INTEGER) WITH (KAFKA_TOPIC='t', KEY_FORMAT='KAFKA', VALUE_FORMAT='AVRO');"
    assert same_definition(sent, shown)
    assert not same_definition(sent, shown.replace("V INTEGER", "K STRING KEY, V INTEGER"))
    assert not same_definition(sent.replace("AVRO", "JSON"), shown.replace("AVRO", "JSON"))
    assert not same_definition(sent.replace(" WITH", " (w INT) WITH"), shown)


CHANGES = [
    ("= 'CARD'", "= 'card'"),
    ("<> 2", "<> 3"),
    ("<> 2", "= 2"),
    ("> 0.50", "> 0.5"),
    ("> 0.50", ">= 0.50"),
    ("AND", "OR"),
    ("a.v + b.w", "a.v - b.w"),
    ("a.v + b.w", "b.w + a.v"),
    ("UCASE", "LCASE"),
    ("WITHIN 1 DAY", "WITHIN 25 HOURS"),
    ("GRACE PERIOD 1 HOUR", ""),
    ("JOIN b", "LEFT JOIN b"),
    ("JOIN b", "JOIN c AS b"),
    ("AS total, UCASE(m) AS m", "AS m, UCASE(m) AS total"),
    ("AS total", "AS `total`"),
    ("a.k = b.k", "a.k = b.j"),
    ("STREAM s", "TABLE s"),
    ("STREAM s", "STREAM s2"),
    ("'topic'", "'TOPIC'"),
    ("'AVRO'", "'JSON'"),
    (", VALUE_FORMAT='AVRO'", ""),
    ("EMIT CHANGES", "EMIT FINAL"),
]
JOIN = (
    "CREATE STREAM s WITH (KAFKA_TOPIC='topic', VALUE_FORMAT='AVRO') AS SELECT a.k AS k, a.v + b.w AS total, "
    "UCASE(m) AS m FROM a JOIN b WITHIN 1 DAY GRACE PERIOD 1 HOUR ON a.k = b.k "
    "WHERE m = 'CARD' AND v <> 2 AND w > 0.50 EMIT CHANGES;"
)


@pytest.mark.parametrize(("there", "instead"), CHANGES)
def test_a_change_is_seen(there: str, instead: str) -> None:
    changed = JOIN.replace(there, instead, 1)
    assert changed != JOIN
    assert same_definition(JOIN, JOIN)
    assert not same_definition(changed, JOIN)
    assert not same_definition(JOIN, changed)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("SIZE 1 HOUR", "SIZE 2 HOURS"),
        ("RETENTION 8 DAYS", "RETENTION 9 DAYS"),
        (", GRACE PERIOD 7 DAYS", ""),
        ("TUMBLING", "SESSION"),
        ("GROUP BY k", "GROUP BY j"),
        ("COUNT(*) = 1", "COUNT(*) = 2"),
        ("COUNT(*) AS n", "COUNT(k) AS n"),
    ],
)
def test_a_changed_aggregation_is_seen(there: str, instead: str) -> None:
    table = (
        "CREATE TABLE t AS SELECT k, COUNT(*) AS n FROM a WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 8 DAYS, "
        "GRACE PERIOD 7 DAYS) GROUP BY k HAVING COUNT(*) = 1 EMIT CHANGES;"
    )
    changed = table.replace(there, instead, 1)
    if instead == "SESSION":
        changed = changed.replace("SIZE ", "")
    assert changed != table
    assert not same_definition(changed, table)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("v INT", "v BIGINT"),
        ("v INT", "v INT, w INT"),
        ("KEY", ""),
    ],
)
def test_a_changed_source_is_seen(there: str, instead: str) -> None:
    source = "CREATE STREAM s (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');"
    assert not same_definition(source.replace(there, instead, 1), source)


# -- any expression, as it is and changed in one place -------------------------------------------------------

_leaves = some.one_of(
    some.builds(ast.Column, some.sampled_from(["A", "B", "lower"])),
    some.builds(lambda number: ast.Literal("INTEGER", str(number)), some.integers(0, 9)),
    some.builds(lambda text: ast.Literal("STRING", text), some.text("ab'", max_size=3)),
)
_expressions = some.recursive(
    _leaves,
    lambda inner: some.one_of(
        some.builds(ast.Binary, some.sampled_from(["+", "-", "=", "<>", "AND", "||"]), inner, inner),
        some.builds(ast.Between, inner, inner, inner, some.booleans()),
        some.builds(lambda a, b: ast.Call("CONCAT", (a, b)), inner, inner),
        some.builds(ast.Unary, some.sampled_from(["NOT", "IS NULL"]), inner),
    ),
    max_leaves=6,
)

_plain_expressions = some.recursive(
    _leaves,
    lambda inner: some.builds(ast.Binary, some.sampled_from(["+", "=", "AND"]), inner, inner),
    max_leaves=3,
)


def _text(selected: Any) -> str:
    query = ast.Query((ast.SelectItem(selected, "X"),), ast.Source("S", "S"), emit="CHANGES")
    return format_statement(st.CreateAsSelect("STREAM", "T", (), query))


def _mutated(node: Any) -> Any:
    """The expression with its first leaf replaced by one that is nowhere in it."""
    match node:
        case ast.Column() | ast.Literal():
            return ast.Column("ELSEWHERE")
        case ast.Binary(operator, left, right):
            return ast.Binary(operator, _mutated(left), right)
        case ast.Between(value, low, high, negated):
            return ast.Between(_mutated(value), low, high, negated)
        case ast.Call(name, arguments):
            return ast.Call(name, (_mutated(arguments[0]), *arguments[1:]))
        case ast.Unary(operator, operand):
            return ast.Unary(operator, _mutated(operand))


@settings(deadline=None, max_examples=100)
@given(_expressions)
def test_an_expression_is_itself_and_nothing_else(selected: Any) -> None:
    assert same_definition(_text(selected), _text(selected))
    assert not same_definition(_text(_mutated(selected)), _text(selected))


@settings(deadline=None, max_examples=150)
@given(_plain_expressions, _plain_expressions)
def test_two_expressions_without_second_spellings_are_the_same_only_if_they_are_equal(
    one: Any, other: Any
) -> None:
    assert same_definition(_text(one), _text(other)) is (_text(one) == _text(other))


@given(
    some.sampled_from(["DAYS", "HOURS", "MINUTES", "SECONDS"]), some.integers(0, 100), some.integers(0, 100)
)
def test_durations_are_the_same_only_if_they_are_as_long(unit: str, one: int, other: int) -> None:
    first, second = (
        f"CREATE TABLE t AS SELECT k FROM a WINDOW TUMBLING (SIZE {size} {unit}) GROUP BY k;"
        for size in (one, other)
    )
    assert same_definition(first, second) is (one == other)


def test_keys_and_values_may_be_declared_in_any_order_among_each_other() -> None:
    text = "CREATE STREAM s ({}) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');"
    sent, other = text.format("v INT, k INT KEY, w INT"), text.format("k INT KEY, v INT, w INT")
    assert same_definition(sent, sent)
    assert same_definition(sent, other)
    assert not same_definition(sent, text.format("k INT KEY, w INT, v INT"))


def test_a_column_of_a_header_counts_and_is_no_part_of_the_inferred_value() -> None:
    sent = "CREATE STREAM s (k INT KEY, h BYTES HEADER('trace')) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO');"
    shown = sent.replace("h BYTES", "v INT, h BYTES")
    assert same_definition(sent, shown)
    assert not same_definition(sent, shown.replace("'trace'", "'other'"))
    assert not same_definition(sent, shown.replace("h BYTES HEADER('trace')", "h BYTES"))
