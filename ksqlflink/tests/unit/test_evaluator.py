"""Expressions that the server evaluates itself: ksqlDB's rules for nulls, numbers, texts and times."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import Typed, column
from ksqlflink.analysis.typer import Typer
from ksqlflink.dialect import parse_one
from ksqlflink.dialect import types as t
from ksqlflink.dialect.statements import SelectStatement
from ksqlflink.evaluator import NotEvaluable, casts, compile_expression, guarded

COLUMNS = {
    "I": (t.INTEGER, 7),
    "L": (t.BIGINT, 2**40),
    "D": (t.DOUBLE, 2.5),
    "N": (t.Decimal(6, 2), Decimal("3.25")),
    "S": (t.STRING, "Big Mac"),
    "F": (t.BOOLEAN, True),
    "TS": (t.TIMESTAMP, 1709287200123),
    "A": (t.Array(t.INTEGER), [10, 20, 30]),
    "M": (t.Map(t.STRING, t.INTEGER), {"x": 1}),
    "O": (t.Struct((("SKU", t.STRING),)), {"SKU": "BM"}),
    "NI": (t.INTEGER, None),
    "NS": (t.STRING, None),
    "NF": (t.BOOLEAN, None),
}


def typed(text: str) -> Typed:
    statement = parse_one(f"SELECT {text} FROM x;")
    assert isinstance(statement, SelectStatement)
    row = Row({(None, name): column(name, kind) for name, (kind, _) in COLUMNS.items()}, False)
    return Typer(row).typed(statement.query.items[0].expression)  # type: ignore[union-attr]


def value(text: str) -> Any:
    return guarded(compile_expression(typed(text).json))({name: held for name, (_, held) in COLUMNS.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # arithmetic
        ("I / 2", 3),
        ("-I / 2", -3),
        ("-I % 4", -3),
        ("I * 2 - 1", 13),
        ("I + D", 9.5),
        ("I / 0", None),
        ("D / 0", float("inf")),
        ("D % 2", 0.5),
        ("N + 1", Decimal("4.25")),
        ("N * N", Decimal("10.5625")),
        ("NI + 1", None),
        ("2147483647 + I", -2147483642),
        ("S + '!'", "Big Mac!"),
        ("S + NS", "Big Macnull"),
        ("-I", -7),
        ("-NI", None),
        # comparisons are two-valued
        ("I > 3", True),
        ("NI > 3", False),
        ("NOT (NI > 3)", True),
        ("NI = NI", False),
        ("I <> 8", True),
        ("I != 7", False),
        ("N = 3.25", True),
        ("D = 2.5", True),
        ("NI IS NULL", True),
        ("I IS NOT NULL", True),
        ("NI IS DISTINCT FROM I", True),
        ("NI IS NOT DISTINCT FROM NI", True),
        ("I BETWEEN 7 AND 9", True),
        ("I NOT BETWEEN 7 AND 9", False),
        ("I IN (1, 7)", True),
        ("NI IN (1)", False),
        ("TS > '2024-03-01T09:00:00'", True),
        ("TS < '2024'", False),
        # logic on a null BOOLEAN fails as a whole
        ("F AND I > 3", True),
        ("NF AND F", None),
        ("NF OR F", None),
        ("F OR NF", True),
        ("NOT NF", None),
        # texts
        ("S LIKE 'B_g%'", True),
        ("S LIKE '%x%'", False),
        ("NS LIKE 'a'", None),
        ("'50%' LIKE '50!%' ESCAPE '!'", True),
        ("UCASE(S)", "BIG MAC"),
        ("SUBSTRING(S, 5)", "Mac"),
        ("SUBSTRING(S, -3, 2)", "Ma"),
        ("LEN(NS)", None),
        ("CONCAT(S, NS, '!')", "Big Mac!"),
        ("INSTR(S, 'M')", 5),
        ("INSTR(NS, 'M')", 0),
        ("LPAD('a', 3, 'xy')", "xya"),
        ("RPAD('a', 3, 'xy')", "axy"),
        ("TRIM('  a ')", "a"),
        ("REPLACE(S, 'Big', 'Wee')", "Wee Mac"),
        ("SPLIT('a,b', ',')", ["a", "b"]),
        # nulls and numbers
        ("COALESCE(NS, S)", "Big Mac"),
        ("IFNULL(NI, 3)", 3),
        ("NULLIF(I, 7)", None),
        ("ABS(-I)", 7),
        ("ROUND(D)", 3),
        ("ROUND(-2.5e0)", -2),
        ("ROUND(2.345e0, 2)", 2.35),
        ("FLOOR(D)", 2.0),
        ("CEIL(D)", 3.0),
        ("FLOOR(I)", 7),
        # parts
        ("A[1]", 10),
        ("A[-1]", 30),
        ("A[0]", None),
        ("A[9]", None),
        ("M['x']", 1),
        ("M['y']", None),
        ("O->SKU", "BM"),
        ("ARRAY_LENGTH(A)", 3),
        ("ARRAY_CONTAINS(A, 20)", True),
        ("MAP_KEYS(M)", ["x"]),
        ("ARRAY[1, I]", [1, 7]),
        ("MAP('a' := I)", {"a": 7}),
        ("STRUCT(Z := I)", {"Z": 7}),
        # CASE
        ("CASE WHEN I > 3 THEN 'a' ELSE 'b' END", "a"),
        ("CASE WHEN NI > 3 THEN 'a' ELSE 'b' END", "b"),
        ("CASE WHEN NF THEN 'a' ELSE 'b' END", None),
        ("CASE WHEN I > 9 THEN 'a' END", None),
        # CAST
        ("CAST(L AS INT)", 0),
        ("CAST(D AS INT)", 2),
        ("CAST('12' AS INT)", 12),
        ("CAST('x' AS INT)", None),
        ("CAST(D AS DECIMAL(4,0))", Decimal("3")),
        ("CAST('1.005' AS DECIMAL(4,2))", Decimal("1.01")),
        ("CAST(D AS VARCHAR)", "2.5"),
        ("CAST(F AS VARCHAR)", "true"),
        ("CAST('yes' AS BOOLEAN)", True),
        ("CAST(TS AS VARCHAR)", "2024-03-01T10:00:00.123"),
        ("CAST(TS AS DATE)", 19783),
        ("CAST(TS AS TIME)", 36000123),
        ("CAST('2024-03-01' AS DATE)", 19783),
        ("CAST(N AS DOUBLE)", 3.25),
        ("CAST(NI AS VARCHAR)", None),
        ("FROM_UNIXTIME(L)", 2**40),
        ("UNIX_TIMESTAMP(TS)", 1709287200123),
    ],
)
def test_values(text: str, expected: Any) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


def test_what_the_server_does_not_evaluate_is_named() -> None:
    with pytest.raises(NotEvaluable, match="The function NO_SUCH"):
        compile_expression({"op": "call", "name": "NO_SUCH", "args": []})
    with pytest.raises(NotEvaluable, match="operation"):
        compile_expression({"op": "operation", "args": []})


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2024", 1704067200000),
        ("2024-03-01T10:00", 1709287200000),
        ("2024-03-01T10:00:00.5Z", 1709287200500),
        ("2024-03-01T10:00:00+02:00", 1709280000000),
        ("1969-12-31T23:59:59.999", -1),
    ],
)
def test_timestamps_are_parsed_and_shown(text: str, milliseconds: int) -> None:
    assert casts.parse_timestamp(text) == milliseconds
    assert casts.parse_timestamp(casts.timestamp_text(milliseconds)) == milliseconds


@pytest.mark.parametrize("text", ["10:15", "10:15:30"])
def test_times_are_parsed_and_shown(text: str) -> None:
    assert casts.time_text(casts.parse_time(text)) == text


def test_times_are_shown_in_whole_seconds() -> None:
    assert casts.time_text(casts.parse_time("10:15:30.123")) == "10:15:30"


def test_a_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="Required format is"):
        casts.parse_timestamp("yesterday")
