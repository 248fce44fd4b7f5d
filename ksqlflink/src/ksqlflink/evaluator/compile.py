"""EXPR JSON -> Python functions of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ksqlflink.catalogue.codec import type_from_json
from ksqlflink.dialect import types as t
from ksqlflink.evaluator import arithmetic, casts
from ksqlflink.evaluator.collections_and_json import to_json_string
from ksqlflink.evaluator.functions import FUNCTIONS
from ksqlflink.evaluator.logic import COMPARISONS, EvaluationFailure, compare, element, like_pattern, truth

Row: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Row], Any]
Expr: TypeAlias = Mapping[str, Any]


class NotEvaluable(Exception):
    """An expression that the server cannot evaluate itself; the message names it."""


def compile_expression(expr: Expr) -> Evaluate:
    """Return the function of an expression; NotEvaluable names what it does not know."""
    build = _BUILDERS.get(expr["op"])
    if build is None:
        raise NotEvaluable(f"{expr['op']} in a query that the server answers itself")
    return build(expr)


def guarded(evaluate: Evaluate) -> Evaluate:
    """Return a function that gives None where the evaluation fails."""

    def guard(row: Row) -> Any:
        try:
            return evaluate(row)
        except (EvaluationFailure, ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
            return None

    return guard


def kind_of(expr: Expr) -> t.SqlType | None:
    """Return the type of an expression, None for the literal NULL."""
    return None if expr.get("type") is None else type_from_json(expr["type"])


def _arguments(expr: Expr) -> list[Evaluate]:
    return [compile_expression(argument) for argument in expr["args"]]


def _lambda(expr: Expr) -> Evaluate:
    """Return the function of a row that gives the lambda as a function."""
    body, names = compile_expression(expr["body"]), expr["parameters"]
    return lambda row: lambda *values: body({**row, **dict(zip(names, values, strict=True))})


def _column(expr: Expr) -> Evaluate:
    name = expr["name"]
    return lambda row: row.get(name)


def _literal(expr: Expr) -> Evaluate:
    value = casts.literal(expr.get("value"), kind_of(expr))
    return lambda _: value


def _arithmetic(expr: Expr) -> Evaluate:
    left, right = _arguments(expr)
    compute = arithmetic.operation(expr["op"], kind_of(expr))

    def evaluate(row: Row) -> Any:
        return compute(_operand(left(row)), _operand(right(row)))

    return evaluate


def _negate(expr: Expr) -> Evaluate:
    (value,) = _arguments(expr)
    return lambda row: -_operand(value(row))


def _operand(value: Any) -> Any:
    if value is None:
        raise EvaluationFailure("a null where a number is needed")
    return value


def _concat(expr: Expr) -> Evaluate:
    # As Java's + on strings: a null becomes the text null.
    left, right = _arguments(expr)
    return lambda row: casts.text_or_null(left(row)) + casts.text_or_null(right(row))


def _aligned(expr: Expr) -> list[Evaluate]:
    """Return the arguments, with text parsed where it is compared with a time."""
    kinds = [kind_of(argument) for argument in expr["args"]]
    time = next((kind for kind in kinds if kind in (t.DATE, t.TIME, t.TIMESTAMP)), None)
    arguments = _arguments(expr)
    if time is None:
        return arguments
    return [
        _cast_to(evaluate, t.STRING, time) if kind == t.STRING else evaluate
        for evaluate, kind in zip(arguments, kinds, strict=True)
    ]


def _cast_to(evaluate: Evaluate, source: t.SqlType | None, target: t.SqlType) -> Evaluate:
    convert = casts.cast(source, target)
    return lambda row: None if (value := evaluate(row)) is None else convert(value)


def _comparison(expr: Expr) -> Evaluate:
    left, right = _aligned(expr)
    symbol = expr["op"]
    return lambda row: compare(symbol, left(row), right(row))


def _distinct(expr: Expr) -> Evaluate:
    left, right = _aligned(expr)
    negated = expr["op"] == "IS NOT DISTINCT FROM"

    def evaluate(row: Row) -> bool:
        one, other = left(row), right(row)
        same = one is other if one is None or other is None else compare("=", one, other)
        return same if negated else not same

    return evaluate


def _null_test(expr: Expr) -> Evaluate:
    (value,) = _arguments(expr)
    wanted = expr["op"] == "IS NULL"
    return lambda row: (value(row) is None) is wanted


def _not(expr: Expr) -> Evaluate:
    (value,) = _arguments(expr)
    return lambda row: not truth(value(row))


def _and(expr: Expr) -> Evaluate:
    left, right = _arguments(expr)
    return lambda row: truth(left(row)) and truth(right(row))


def _or(expr: Expr) -> Evaluate:
    left, right = _arguments(expr)
    return lambda row: truth(left(row)) or truth(right(row))


def _between(expr: Expr) -> Evaluate:
    value, low, high = _aligned(expr)

    def evaluate(row: Row) -> bool:
        found = value(row)
        return compare(">=", found, low(row)) and compare("<=", found, high(row))

    return evaluate


def _in(expr: Expr) -> Evaluate:
    value, *options = _aligned(expr)

    def evaluate(row: Row) -> bool:
        found = value(row)
        return any(compare("=", found, option(row)) for option in options)

    return evaluate


def _like(expr: Expr) -> Evaluate:
    value, pattern = _arguments(expr)
    escape = expr.get("escape")

    def evaluate(row: Row) -> Any:
        text, like = value(row), pattern(row)
        return None if text is None or like is None else bool(like_pattern(like, escape).fullmatch(text))

    return evaluate


def _subscript(expr: Expr) -> Evaluate:
    base, index = _arguments(expr)

    return lambda row: element(base(row), index(row))


def _dereference(expr: Expr) -> Evaluate:
    (base,) = _arguments(expr)
    name = expr["name"]
    return lambda row: None if (found := base(row)) is None else found.get(name)


def _case(expr: Expr) -> Evaluate:
    branches = [(compile_expression(when), compile_expression(then)) for when, then in expr["branches"]]
    default = compile_expression(expr["else"]) if expr.get("else") else lambda _: None

    def evaluate(row: Row) -> Any:
        for condition, result in branches:
            if truth(condition(row)):
                return result(row)
        return default(row)

    return evaluate


def _cast(expr: Expr) -> Evaluate:
    (argument,) = expr["args"]
    target = kind_of(expr)
    try:
        return guarded(_cast_to(compile_expression(argument), kind_of(argument), target))  # type: ignore[arg-type]
    except casts.NoCast as error:
        raise NotEvaluable(str(error)) from error


def _call(expr: Expr) -> Evaluate:
    function = _function(expr, expr["name"].upper())
    if function is None:
        raise NotEvaluable(f"The function {expr['name']} in a query that the server answers itself")
    arguments = [_argument(argument) for argument in expr["args"]]
    return lambda row: function(*(argument(row) for argument in arguments))


def _function(expr: Expr, name: str) -> Callable[..., Any] | None:
    """Return a function by name; a few also go by the types of the call."""
    if name == "TO_JSON_STRING":
        return to_json_string(kind_of(expr["args"][0]))
    function, kind = FUNCTIONS.get(name), kind_of(expr)
    if function is not None and name in ("GREATEST", "LEAST") and isinstance(kind, t.Decimal):
        return lambda *options: None if (best := function(*options)) is None else casts.fitted(best, kind)
    return function


def _argument(expr: Expr) -> Evaluate:
    """Return an argument of a call; as in ksqlDB a failure ends at one that is a call or a field."""
    evaluate = compile_expression(expr)
    return guarded(evaluate) if expr["op"] in ("call", "dereference") else evaluate


def _items(expr: Expr) -> list[Evaluate]:
    """Return the parts of a constructed value; one that fails is null."""
    return [guarded(argument) for argument in _arguments(expr)]


def _array(expr: Expr) -> Evaluate:
    arguments = _items(expr)
    return lambda row: [argument(row) for argument in arguments]


def _map(expr: Expr) -> Evaluate:
    arguments = _items(expr)
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    return lambda row: {key(row): value(row) for key, value in pairs}


def _struct(expr: Expr) -> Evaluate:
    arguments = _items(expr)
    kind = kind_of(expr)
    names = [name for name, _ in kind.fields] if isinstance(kind, t.Struct) else []
    return lambda row: {name: argument(row) for name, argument in zip(names, arguments, strict=True)}


_BUILDERS: dict[str, Callable[[Expr], Evaluate]] = {
    "column": _column,
    "variable": _column,
    "lambda": _lambda,
    "literal": _literal,
    **dict.fromkeys("+-*/%", _arithmetic),
    "negate": _negate,
    "concat": _concat,
    **dict.fromkeys(COMPARISONS, _comparison),
    "IS DISTINCT FROM": _distinct,
    "IS NOT DISTINCT FROM": _distinct,
    "IS NULL": _null_test,
    "IS NOT NULL": _null_test,
    "NOT": _not,
    "AND": _and,
    "OR": _or,
    "BETWEEN": _between,
    "IN": _in,
    "LIKE": _like,
    "subscript": _subscript,
    "dereference": _dereference,
    "case": _case,
    "cast": _cast,
    "call": _call,
    "array": _array,
    "map": _map,
    "struct": _struct,
}
