"""Expressions that the server evaluates itself, for pull queries and INSERT VALUES."""

from __future__ import annotations

from ksqlflink.evaluator import compile_expression, guarded
from ksqlflink.serde.json_text import dumps
from runtime.cases import Case, accepted, comparable, expected, typed


def evaluated(case: Case) -> str:
    """The result as the server has it."""
    expression = typed(case["sql"])
    evaluate = guarded(compile_expression(expression.json))
    return comparable(f'{{"value": {dumps(evaluate({}))}}}', expression.type)


def test_the_server_has_the_results_of_the_runtime() -> None:
    results = {case["sql"]: (evaluated(case), expected(case)) for case in accepted()}
    assert {sql: pair for sql, pair in results.items() if pair[0] != pair[1]} == {}
