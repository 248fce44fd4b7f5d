"""Expressions of a statement -> typed expressions of the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ksqlflink.analysis import functions, lambdas
from ksqlflink.analysis.constructs import common, construct, integer, literal_of
from ksqlflink.analysis.row import Row
from ksqlflink.analysis.typed import (
    Typed,
    TypeProblem,
    aligned,
    arithmetic,
    base,
    cast,
    comparable,
    node,
    shown,
    wider,
)
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t

_COMPARISONS = {
    "=": "EQUAL",
    "<>": "NOT_EQUAL",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_OR_EQUAL",
    "IS DISTINCT FROM": "IS_DISTINCT_FROM",
    "IS NOT DISTINCT FROM": "IS_NOT_DISTINCT_FROM",
}

Special = Callable[[ast.Expression], Typed | None]


def _nothing(_: ast.Expression) -> Typed | None:
    return None


class Typer:
    """Types expressions over one row; `special` may answer for an expression first."""

    def __init__(
        self, row: Row, special: Special = _nothing, variables: Mapping[str, Typed] | None = None
    ) -> None:
        self.row = row
        self._special = special
        self._variables = dict(variables or {})

    def typed(self, item: ast.Expression) -> Typed:
        """Return the typed expression; TypeProblem says in ksqlDB's words what is wrong with it."""
        found = self._special(item)
        if found is not None:
            return found
        match item:
            case ast.Column():
                return self._column(item)
            case ast.Literal():
                return literal_of(item)
            case ast.Binary() | ast.Unary():
                return self._operation(item)
            case ast.Between() | ast.In() | ast.Like():
                return self._predicate(item)
            case ast.Subscript() | ast.Dereference():
                return self._access(item)
            case ast.Call() | ast.Lambda() | ast.LambdaVariable():
                return self._function(item)
            case ast.Case() | ast.Cast() | ast.Constructor():
                return construct(item, self.typed, self.row)

    def _column(self, item: ast.Column) -> Typed:
        found = self.row.find(item)
        if found is None:
            raise TypeProblem(f"Unknown column {self.row.shown(item)}.")
        return found

    # -- operators -----------------------------------------------------------------------------------------

    def _operation(self, item: ast.Binary | ast.Unary) -> Typed:
        return self._binary(item) if isinstance(item, ast.Binary) else self._unary(item)

    def _binary(self, item: ast.Binary) -> Typed:
        left, right = self.typed(item.left), self.typed(item.right)
        if item.operator in ("AND", "OR"):
            self._want_boolean(item.operator, left, right)
            return node(item.operator, t.BOOLEAN, [left, right])
        if item.operator == "||":
            return functions.call("CONCAT", [left, right])
        if item.operator in _COMPARISONS:
            return self._comparison(item, left, right)
        try:
            kind = arithmetic(item.operator, left.type, right.type)
        except TypeProblem as problem:
            text = self.row.shown(item)
            raise TypeProblem(f"Error processing expression: {text}. {problem.message}", text) from None
        return node("concat" if kind == t.STRING else item.operator, kind, [left, right])

    def _want_boolean(self, operator: str, *sides: Typed) -> None:
        for side in sides:
            if side.type not in (t.BOOLEAN, None):
                raise TypeProblem(f"{operator} takes BOOLEAN, got {shown(side.type)}.")

    def _comparison(self, item: ast.Binary, left: Typed, right: Typed) -> Typed:
        if left.type is None or right.type is None:
            raise TypeProblem(
                f"Comparison with NULL not supported: {base(left.type)} {item.operator} {base(right.type)}\n"
                "Use 'IS NULL' or 'IS NOT NULL' instead.",
                self.row.shown(item),
            )
        if not comparable(left.type, item.operator, right.type):
            raise TypeProblem(
                f"Cannot compare {self.row.shown(item.left)} ({shown(left.type)}) to "
                f"{self.row.shown(item.right)} ({shown(right.type)}) with {_COMPARISONS[item.operator]}.",
                self.row.shown(item),
            )
        return node(item.operator, t.BOOLEAN, list(aligned(left, right)))

    def _unary(self, item: ast.Unary) -> Typed:
        operand = self.typed(item.operand)
        match item.operator:
            case "NOT":
                self._want_boolean("NOT", operand)
                return node("NOT", t.BOOLEAN, [operand])
            case "IS NULL" | "IS NOT NULL":
                return node(item.operator, t.BOOLEAN, [operand])
            case "+":
                return operand
        if isinstance(item.operand, ast.Literal) and item.operand.kind == "INTEGER":
            return integer(-int(item.operand.text))
        if wider(operand.known(), operand.known()) is None:
            raise TypeProblem(f"Negation on unsupported type: {base(operand.type)}")
        return node("negate", operand.type, [operand])

    # -- predicates ----------------------------------------------------------------------------------------

    def _predicate(self, item: ast.Between | ast.In | ast.Like) -> Typed:
        match item:
            case ast.Between():
                result = self._between(item)
            case ast.In():
                value, *options = common([item.value, *item.options], self.typed, self.row)
                result = node("IN", t.BOOLEAN, [value, *options])
            case ast.Like():
                result = self._like(item)
        return node("NOT", t.BOOLEAN, [result]) if item.negated else result

    def _between(self, item: ast.Between) -> Typed:
        value = self.typed(item.value)
        bounds = []
        for operator, bound in ((">=", item.low), ("<=", item.high)):
            compared = self._comparison(ast.Binary(operator, item.value, bound), value, self.typed(bound))
            bounds.append(Typed(None, compared.json["args"][1]))
            value = Typed(value.type, compared.json["args"][0])
        return node("BETWEEN", t.BOOLEAN, [value, *bounds])

    def _like(self, item: ast.Like) -> Typed:
        value, pattern = self.typed(item.value), self.typed(item.pattern)
        for side in (value, pattern):
            if side.type not in (t.STRING, None):
                raise TypeProblem(f"LIKE takes STRING, got {shown(side.type)}.", self.row.shown(item))
        return node("LIKE", t.BOOLEAN, [value, pattern], escape=item.escape)

    # -- parts of a value ----------------------------------------------------------------------------------

    def _access(self, item: ast.Subscript | ast.Dereference) -> Typed:
        value = self.typed(item.base)
        if isinstance(item, ast.Subscript):
            return self._subscript(item, value)
        if not isinstance(value.type, t.Struct):
            raise TypeProblem(f"Expected STRUCT type, got: {shown(value.type)}")
        names = [name for name, _ in value.type.fields]
        if item.name not in names:
            raise TypeProblem(f"Could not find field '{item.name}' in '{self.row.shown(item.base)}'.")
        index = names.index(item.name)
        return node("dereference", value.type.fields[index][1], [value], index=index, name=item.name)

    def _subscript(self, item: ast.Subscript, value: Typed) -> Typed:
        match value.type:
            case t.Array(inner):
                return node("subscript", inner, [value, self.typed(item.index)])
            case t.Map(key, inner):
                return node("subscript", inner, [value, cast(self.typed(item.index), key)])
        hint = ""
        if isinstance(value.type, t.Struct):
            index = self.row.shown(item.index)
            hint = f" Use the dereference operator for STRUCTS: {self.row.shown(item.base)}->{index}"
        raise TypeProblem(
            f"Subscript expression ({self.row.shown(item)}) do not apply to {shown(value.type)}.{hint}"
        )

    def _function(self, item: ast.Call | ast.Lambda | ast.LambdaVariable) -> Typed:
        match item:
            case ast.Call():
                return self._call(item)
            case ast.LambdaVariable(name):
                return self._variables[name]
        text = self.row.shown(item)
        raise TypeProblem(f"A lambda is an argument of TRANSFORM, FILTER or REDUCE only: {text}")

    def _call(self, item: ast.Call) -> Typed:
        if lambdas.has_lambda(item):
            return self._call_with_lambdas(item)
        arguments = [self.typed(argument) for argument in item.arguments]
        if item.name == "AS_VALUE" and len(arguments) == 1:
            return arguments[0]
        if item.star or functions.is_aggregate(item.name):
            raise TypeProblem(f"The aggregate function {item.name} cannot be used here.")
        return functions.call(item.name, arguments)

    def _call_with_lambdas(self, item: ast.Call) -> Typed:
        def body(node: ast.Expression, variables: dict[str, Typed]) -> Typed:
            return Typer(self.row, self._special, {**self._variables, **variables}).typed(node)

        arguments = [
            argument if isinstance(argument, ast.Lambda) else self.typed(argument)
            for argument in item.arguments
        ]
        return lambdas.call(item.name, arguments, body, len(self._variables))
