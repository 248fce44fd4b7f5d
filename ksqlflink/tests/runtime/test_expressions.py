"""Expressions in ksqlDB's SQL, typed by the server and evaluated by the Java runtime."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.runtime.java import Checks

from ksqlflink.analysis.typed import TypeProblem
from ksqlflink.dialect.formatter import sql_type
from runtime.cases import Case, accepted, comparable, expected, parameters, refused, typed

pytestmark = pytest.mark.integration


def evaluated(checks: Checks, expressions: list[Any]) -> list[str]:
    lines = "".join(json.dumps({"expr": expression}) + "\n" for expression in expressions)
    return checks.run("Evaluate", lines).splitlines()


@pytest.fixture(scope="session")
def results(checks: Checks) -> dict[str, str]:
    """What every expression evaluates to: one JVM for all of them."""
    every = [case["sql"] for case in accepted()]
    return dict(zip(every, evaluated(checks, [typed(sql).json for sql in every]), strict=True))


@pytest.mark.parametrize("case", parameters(accepted()))
def test_an_expression_has_its_value_and_type(case: Case, results: dict[str, str]) -> None:
    kind = typed(case["sql"]).type
    assert kind is not None
    assert comparable(results[case["sql"]], kind) == expected(case)
    assert sql_type(kind, quote_all=True) == case.get("type", sql_type(kind, quote_all=True))


@pytest.mark.parametrize("case", parameters(refused()))
def test_an_expression_is_refused(case: Case) -> None:
    with pytest.raises(TypeProblem) as problem:
        typed(case["sql"])
    assert case["refused"] in problem.value.message


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ({"op": "call", "name": "NOPE", "type": "STRING", "args": []}, "unknown function: NOPE"),
        ({"op": "column", "name": "X", "type": "STRING"}, "unknown column: X"),
        ({"op": "wink", "type": "STRING"}, "unknown op: wink"),
    ],
)
def test_the_runtime_says_what_it_does_not_know(checks: Checks, expression: Any, error: str) -> None:
    assert [json.loads(line) for line in evaluated(checks, [expression])] == [{"error": error}]
