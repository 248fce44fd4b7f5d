"""WHERE conditions: which are supported, and their Flink SQL with ksqlDB's two-valued comparisons."""

from __future__ import annotations

from collections.abc import Callable

from ksqlflink import sqltypes as t
from ksqlflink.dialect import ast
from ksqlflink.dialect.formatter import expression as shown
from ksqlflink.dialect.formatter import sql_type
from ksqlflink.errors import BadStatement
from ksqlflink.properties import not_supported

Resolve = Callable[[ast.Column], t.SqlType]

_COMPARISONS = {
    "=": "EQUAL",
    "<>": "NOT_EQUAL",
    "!=": "NOT_EQUAL",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_OR_EQUAL",
}
_NUMBERS = (t.INTEGER, t.BIGINT, t.DOUBLE)
_COMPARABLE = ("NUMBER", "STRING", "BOOLEAN")


def check(node: ast.Expression, resolve: Resolve, text: str) -> None:
    """Refuse a condition that is ill-typed (in ksqlDB's words) or not supported (by name and position)."""
    match node:
        case ast.Binary("AND" | "OR", left, right):
            check(left, resolve, text)
            check(right, resolve, text)
        case ast.Unary("NOT", operand):
            check(operand, resolve, text)
        case ast.Unary("IS NULL" | "IS NOT NULL", ast.Column() as operand):
            resolve(operand)
        case ast.Binary(operator, left, right) if operator in _COMPARISONS:
            _check_comparison(
                node, _operand_type(left, resolve, text), _operand_type(right, resolve, text), text
            )
        case _:
            raise not_supported(f"{shown(node)} in WHERE", node.position, text)


def _operand_type(node: ast.Expression, resolve: Resolve, text: str) -> t.SqlType:
    match node:
        case ast.Column():
            return resolve(node)
        case ast.Unary("-", ast.Literal() as literal):
            return _operand_type(literal, resolve, text)
        case ast.Literal(kind, digits) if kind == "DECIMAL":
            whole, _, fraction = digits.partition(".")
            return t.Decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
        case ast.Literal(kind) if kind in t.PRIMITIVES:
            return t.PRIMITIVES[kind]
    raise not_supported(f"{shown(node)} in WHERE", node.position, text)


def _family(kind: t.SqlType) -> str:
    if kind in _NUMBERS or isinstance(kind, t.Decimal):
        return "NUMBER"
    return kind.name if isinstance(kind, t.Primitive) else "NESTED"


def _check_comparison(node: ast.Binary, left: t.SqlType, right: t.SqlType, text: str) -> None:
    if _family(left) != _family(right):
        bare = shown(_unqualified(node))
        detail = (
            f"Cannot compare {shown(_unqualified(node.left))} ({sql_type(left)}) to "
            f"{shown(_unqualified(node.right))} ({sql_type(right)}) with {_COMPARISONS[node.operator]}."
        )
        raise BadStatement(
            "Could not determine output schema for query due to error: Error in WHERE expression: "
            f"{detail}\nStatement: {bare}\nStatement: {bare}",
            text,
        )
    if _family(left) not in _COMPARABLE:
        raise not_supported(f"comparing {sql_type(left)} in WHERE", node.position, text)


def _unqualified(node: ast.Expression) -> ast.Expression:
    match node:
        case ast.Column(name):
            return ast.Column(name)
        case ast.Binary(operator, left, right):
            return ast.Binary(operator, _unqualified(left), _unqualified(right))
    return node


def to_flink(node: ast.Expression, column: Callable[[ast.Column], str]) -> str:
    """Return the Flink SQL of a checked condition; a comparison with null is FALSE, as in ksqlDB."""
    match node:
        case ast.Binary("AND" | "OR" as operator, left, right):
            return f"({to_flink(left, column)} {operator} {to_flink(right, column)})"
        case ast.Unary("NOT", operand):
            return f"(NOT {to_flink(operand, column)})"
        case ast.Unary("IS NULL" | "IS NOT NULL" as operator, ast.Column() as operand):
            return f"({column(operand)} {operator})"
        case ast.Binary(operator, left, right):
            symbol = "<>" if operator == "!=" else operator
            return f"COALESCE({to_flink(left, column)} {symbol} {to_flink(right, column)}, FALSE)"
        case ast.Column():
            return column(node)
    return shown(node)
