from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ksqldb_conformance.services import RECORDINGS
from ksqlflink.dialect import DialectError, ast, format_statement, parse, parse_one
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.columns import columns_of
from ksqlflink.dialect.formatter import expression
from ksqlflink.dialect.grammar import NON_RESERVED, RESERVED
from unit.fakes import exchanges

JOIN = (
    "CREATE STREAM j WITH (VALUE_FORMAT='AVRO', KAFKA_TOPIC='j') AS SELECT o.id AS `key`, "
    "AS_VALUE(o.id) AS id, p.b "
    "FROM orders o JOIN payments AS p WITHIN (1 HOUR, 2 DAYS) GRACE PERIOD 5 MINUTES ON o.id = p.oid;"
)


def test_unquoted_names_are_upper_cased_and_quoted_ones_kept() -> None:
    (statement,) = parse("create stream Ab (cd varchar key, `eF` struct<`g h` int>) with (kafka_topic='t');")
    assert isinstance(statement, st.CreateSource)
    assert statement.name == "AB"
    assert [(item.name, item.key) for item in statement.elements] == [("CD", "KEY"), ("eF", None)]


def test_a_join_is_shown_as_ksqldb_shows_it() -> None:
    assert format_statement(parse_one(JOIN)) == (
        "CREATE STREAM J WITH (KAFKA_TOPIC='j', VALUE_FORMAT='AVRO') AS SELECT\n  O.ID `key`,\n  "
        "AS_VALUE(O.ID) ID,\n"
        "  P.B\nFROM ORDERS O\nINNER JOIN PAYMENTS P WITHIN (1 HOURS, 2 DAYS) GRACE PERIOD 5 MINUTES "
        "ON ((O.ID = P.OID));"
    )


def test_each_statement_of_a_request_keeps_its_own_text_and_comments_do_not_count() -> None:
    first, second = parse("-- why\nSHOW STREAMS;\n/* and */ DROP STREAM IF EXISTS a DELETE TOPIC;")
    assert first.text == "SHOW STREAMS;"
    assert second == st.Drop("STREAM", "A", if_exists=True, delete_topic=True)
    assert second.position == ast.Position(3, 11)


@pytest.mark.parametrize("word", sorted(NON_RESERVED))
def test_words_that_are_not_reserved_name_columns(word: str) -> None:
    (statement,) = parse(f"CREATE STREAM s AS SELECT {word}, a AS {word} FROM t EMIT CHANGES;")
    assert isinstance(statement, st.CreateAsSelect)
    assert statement.query.items[0] == ast.SelectItem(ast.Column(word))


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_reserved_words_do_not(word: str) -> None:
    with pytest.raises(DialectError, match=f'"{word}" is a reserved keyword'):
        parse(f"CREATE STREAM s ({word} INT) WITH (KAFKA_TOPIC='t');")
    assert parse_one(f"CREATE STREAM s (`{word}` INT) WITH (KAFKA_TOPIC='t');")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT a FROM b EMIT CHANGES", "line 1:29: Syntax Error\nmissing ';' at '<EOF>'"),
        (
            "SHOW STREAMS;\n  SHW TABLES;",
            "line 2:3: Syntax Error\nUnknown statement 'SHW'\nDid you mean 'SHOW'?",
        ),
        ("CREATE STREAM a AS SELECT b FROM c JOIN d WITHIN 3 ON 1=1;", "line 1:52: Syntax Error\n"),
        ("CREATE STREAM a (b INT", "line 1:23: Syntax Error\nunexpected '<EOF>'"),
        (
            "CREATE STREAM a (b INT) WITH KAFKA_TOPIC;",
            "line 1:30: Syntax Error\nmismatched input 'KAFKA_TOPIC'",
        ),
        (
            "CREATE STREAM a (b DECIMAL(3, 5)) WITH ();",
            "Failed to prepare statement: DECIMAL precision must be >= scale: DECIMAL(3,5)",
        ),
        ("CREATE STREAM a (b DECIMAL) WITH ();", "Failed to prepare statement: DECIMAL takes a precision"),
        (
            "CREATE STREAM a (b INT, B INT) WITH ();",
            "Failed to prepare statement: Duplicate column names: `B`",
        ),
        (
            "CREATE STREAM a AS SELECT t AT TIME ZONE 'UTC' FROM b;",
            "Failed to prepare statement: Line: 1, Col: 27",
        ),
        (
            "CREATE STREAM a AS SELECT TRANSFORM(b, (x + 1, y) => x) FROM b;",
            "Failed to prepare statement: Line: 1, Col: 40: a lambda's parameters are names",
        ),
    ],
)
def test_errors_say_where(text: str, message: str) -> None:
    with pytest.raises(DialectError) as raised:
        parse(text)
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize("name", ["error-syntax", "error-reserved-word"])
def test_syntax_errors_are_worded_as_recorded(name: str) -> None:
    for exchange in exchanges(name):
        body = exchange["response"]["body"]
        text = exchange["request"]["body"]["ksql"]
        if isinstance(body, dict):
            with pytest.raises(DialectError) as raised:
                parse(text)
            assert raised.value.message == body["message"]
        else:
            parse(text)


def test_every_recorded_data_case_parses() -> None:
    if not RECORDINGS.exists():
        pytest.skip("the recordings are not at hand")
    for path in sorted((RECORDINGS / "cases").glob("*.json")):
        for text in json.loads(path.read_text())["statements"]:
            formatted = format_statement(parse_one(text))
            assert format_statement(parse_one(formatted)) == formatted


# -- whatever is parsed, its own text parses to the same ----------------------------------------------------

_names = some.one_of(
    some.from_regex(r"[A-Z][A-Z0-9_]{0,5}", fullmatch=True),
    some.text(some.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=5),
)
_literals = some.one_of(
    some.integers(0, 10**9).map(lambda n: ast.Literal("INTEGER", str(n))),
    some.decimals(0, 1000, places=2).map(lambda d: ast.Literal("DECIMAL", str(d))),
    some.sampled_from(["1E3", "0.5E-2"]).map(lambda d: ast.Literal("DOUBLE", d)),
    some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=5).map(
        lambda s: ast.Literal("STRING", s)
    ),
    some.sampled_from(
        [ast.Literal("BOOLEAN", "TRUE"), ast.Literal("BOOLEAN", "FALSE"), ast.Literal("NULL", "NULL")]
    ),
)
_columns = some.builds(ast.Column, _names, some.none() | _names)


def _grow(inner: some.SearchStrategy[ast.Expression]) -> some.SearchStrategy[ast.Expression]:
    operators = some.sampled_from(
        ["=", "<>", "<", ">=", "AND", "OR", "+", "-", "*", "||", "IS DISTINCT FROM"]
    )
    items = some.lists(inner, min_size=1, max_size=2)
    return some.one_of(
        some.builds(ast.Binary, operators, inner, inner),
        some.builds(ast.Unary, some.sampled_from(["NOT", "-", "IS NULL", "IS NOT NULL"]), inner),
        some.builds(ast.Between, inner, inner, inner, some.booleans()),
        some.builds(ast.In, inner, items.map(tuple), some.booleans()),
        some.builds(ast.Like, inner, inner, some.none() | some.just("!"), some.booleans()),
        some.builds(ast.Call, _names, items.map(tuple)),
        some.builds(
            ast.Case, some.none() | inner, some.tuples(some.tuples(inner, inner)), some.none() | inner
        ),
    )


_expressions = some.recursive(some.one_of(_columns, _literals), _grow, max_leaves=6)
_items = some.builds(ast.SelectItem, _expressions, some.none() | _names)


@settings(deadline=None, max_examples=150)
@given(some.lists(_items, min_size=1, max_size=3), _names, _names, some.none() | _expressions)
def test_formatted_text_is_stable(
    items: list[ast.SelectItem], name: str, source: str, where: ast.Expression | None
) -> None:
    query = ast.Query(tuple(items), ast.Source(source, source), (), where, "CHANGES")
    text = format_statement(st.CreateAsSelect("STREAM", name, (), query))
    assert format_statement(parse_one(text)) == text


@pytest.mark.parametrize(
    "clauses",
    [
        "WINDOW TUMBLING ( SIZE 1 HOURS , RETENTION 2 DAYS , GRACE PERIOD 5 MINUTES ) \nGROUP BY A",
        "WINDOW HOPPING ( SIZE 1 HOURS , ADVANCE BY 30 MINUTES ) \nWHERE (B > 1)\nGROUP BY A, (B + 1)",
        "WINDOW SESSION ( 10 SECONDS , GRACE PERIOD 1 DAYS ) \nGROUP BY A\nHAVING (COUNT(*) > 1)\nEMIT FINAL",
        "PARTITION BY A, UCASE(B)\nEMIT CHANGES\nLIMIT 3",
    ],
)
def test_clauses_are_shown_as_ksqldb_shows_them(clauses: str) -> None:
    text = f"CREATE TABLE T AS SELECT\n  A,\n  S->*\nFROM C C\n{clauses};"
    assert format_statement(parse_one(text)) == text


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ("SLIDING (SIZE 1 HOUR)", "line 1:42: Syntax Error\n"),
        ("TUMBLING (ADVANCE BY 1 HOUR)", "line 1:52: Syntax Error\n"),
        ("TUMBLING (GRACE PERIOD 1 HOUR, SIZE 1 HOUR)", "line 1:65: Syntax Error\n"),
        ("HOPPING (SIZE 1 HOUR)", "line 1:56: Syntax Error\nHOPPING windows take ADVANCE BY"),
        ("SESSION (SIZE 1 HOUR)", "line 1:51: Syntax Error\n"),
    ],
)
def test_windows_that_are_none(window: str, message: str) -> None:
    with pytest.raises(DialectError) as raised:
        parse(f"CREATE TABLE a AS SELECT b FROM c WINDOW {window} GROUP BY a;")
    assert raised.value.message == message


def test_grouping_may_be_in_parentheses() -> None:
    statement = parse_one("CREATE TABLE t AS SELECT a FROM c GROUP BY (a, b);")
    assert isinstance(statement, st.CreateAsSelect)
    assert statement.query.group_by == (ast.Column("A"), ast.Column("B"))


def test_a_time_unit_is_no_column() -> None:
    statement = parse_one("CREATE STREAM s AS SELECT DATEADD(day, 1, d) AS day FROM t;")
    assert isinstance(statement, st.CreateAsSelect)
    assert format_statement(statement).endswith("SELECT DATEADD(DAYS, 1, D) DAY\nFROM T T;")


def test_a_lambda_is_shown_with_its_parameters_and_takes_their_names() -> None:
    statement = parse_one("SELECT REDUCE(b, 0, (s, x) => s + x + c), FILTER(b, x => x > c) FROM d;")
    first, second = (item.expression for item in statement.query.items)  # type: ignore[union-attr]
    assert expression(first) == "REDUCE(B, 0, (S, X) => ((S + X) + C))"
    assert expression(second) == "FILTER(B, (X) => (X > C))"
    assert [column.name for column in columns_of(first)] == ["B", "C"]


@pytest.mark.parametrize("role", ["HEADERS", "HEADER('trace')", "KEY", "PRIMARY KEY"])
def test_what_a_column_is_taken_from_is_shown(role: str) -> None:
    text = f"CREATE STREAM S (C BYTES {role}) WITH (KAFKA_TOPIC='t');"
    assert format_statement(parse_one(text)) == text


@pytest.mark.parametrize("role", ["HEADER", "HEADERS('trace')", "LATER"])
def test_a_column_is_taken_from_nothing_else(role: str) -> None:
    with pytest.raises(DialectError, match="line 1:26: Syntax Error"):
        parse(f"CREATE STREAM S (C BYTES {role}) WITH (KAFKA_TOPIC='t');")


def test_a_number_that_no_double_holds_is_refused() -> None:
    with pytest.raises(DialectError) as refused:
        parse_one("SELECT\n  -1e999 FROM s EMIT CHANGES;")
    assert refused.value.message == "Failed to prepare statement: line 2:4: Number overflows DOUBLE: 1e999"
    assert parse_one("SELECT 1.7e308 FROM s EMIT CHANGES;")
