"""Expressions in ksqlDB's SQL, typed by the server and evaluated by the Java runtime."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ksqlflink.analysis.typed import TypeProblem
from ksqlflink.dialect.formatter import sql_type
from runtime.cases import Case, accepted, comparable, expected, parameters, refused, typed
from runtime.conftest import Java


@pytest.mark.parametrize("case", parameters(accepted()))
def test_an_expression_has_its_value_and_type(case: Case, java: Java) -> None:
    found = typed(case["sql"])
    kind = found.type
    assert kind is not None
    assert comparable(java.asked("evaluate", expr=found.json), kind) == expected(case)
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
def test_the_runtime_says_what_it_does_not_know(java: Java, expression: Any, error: str) -> None:
    answer = json.loads(java.asked("evaluate", expr=expression))
    assert answer["error"] == {"kind": "refused", "message": error}
