"""Calls with lambdas: TRANSFORM, FILTER and REDUCE. A lambda's types follow from the arguments before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksqlflink.analysis.functions import find, refusal
from ksqlflink.analysis.signatures import LAMBDA, Bindings, Pattern, Signature, built, matches
from ksqlflink.analysis.typed import Typed, TypeProblem, node, shown
from ksqlflink.dialect import ast
from ksqlflink.dialect import types as t

# Types a body in which the lambda's parameters have these types.
TypeBody = Callable[[ast.Expression, dict[str, Typed]], Typed]
Argument = Typed | ast.Lambda


def has_lambda(call: ast.Call) -> bool:
    """Tell whether an argument of a call is a lambda."""
    return any(isinstance(argument, ast.Lambda) for argument in call.arguments)


def call(name: str, arguments: Sequence[Argument], type_body: TypeBody, depth: int) -> Typed:
    """Return the call; TypeProblem if no signature takes these arguments.

    `depth` is the number of variables around the call: nested lambdas may use a name again.
    """
    function = find(name)
    for signature in function.signatures:
        found = _try(signature, arguments, type_body, depth)
        if found is not None:
            result, typed = found
            return node("call", result, typed, name=name)
    raise TypeProblem(refusal(function, ", ".join(map(_shown, arguments))))


def _shown(argument: Argument) -> str:
    return shown(argument.type) if isinstance(argument, Typed) else LAMBDA


def _try(
    signature: Signature, arguments: Sequence[Argument], type_body: TypeBody, depth: int
) -> tuple[t.SqlType, list[Typed]] | None:
    parameters = signature.expanded(len(arguments))
    bound: Bindings = {}
    if parameters is None or not all(
        _fits(wanted, argument, bound) for wanted, argument in zip(parameters, arguments, strict=True)
    ):
        return None
    typed: list[Typed] = []
    for wanted, argument in zip(parameters, arguments, strict=True):
        value = (
            argument if isinstance(argument, Typed) else _lambda(wanted, argument, bound, type_body, depth)
        )
        if value is None:
            return None
        typed.append(value)
    result = signature.result([value.type for value in typed], bound)
    return None if result is None else (result, typed)


def _fits(wanted: Pattern, argument: Argument, bound: Bindings) -> bool:
    if isinstance(argument, ast.Lambda):
        return wanted.name == LAMBDA and len(wanted.parts) == len(argument.parameters) + 1
    return wanted.name != LAMBDA and matches(wanted, argument.type, bound, casts=False)


def _lambda(
    wanted: Pattern, given: ast.Lambda, bound: Bindings, type_body: TypeBody, depth: int
) -> Typed | None:
    """Return the lambda, None if its body has another type than it should have."""
    *parameters, body = (part for _, part in wanted.parts)
    variables: dict[str, Typed] = {}
    for name, parameter in zip(given.parameters, parameters, strict=True):
        kind = built(parameter, bound)
        if kind is None:
            return None
        variables[name] = node("variable", kind, name=f"{name}@{depth}")
    typed = type_body(given.body, variables)
    if not matches(body, typed.known(), bound, casts=False):
        return None
    names = [variable.json["name"] for variable in variables.values()]
    return node("lambda", typed.type, parameters=names, body=typed.json)
