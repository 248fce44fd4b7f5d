"""The functions there are, and which signature a call means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ksqlflink.analysis.signatures import UNIT, Bindings, Pattern, Signature, built, matches, pattern
from ksqlflink.analysis.typed import Typed, TypeProblem, as_decimal, base, cast, is_number, node, shown
from ksqlflink.dialect import types as t

_EXTREMES = ("GREATEST", "LEAST")
_TIMES = (t.DATE, t.TIME, t.TIMESTAMP)


@dataclass(frozen=True)
class Function:
    """A function as functions.yaml declares it, which says what the members are."""

    name: str
    signatures: tuple[Signature, ...]
    description: str
    kind: str = "scalar"
    category: str = "OTHER"
    shown: str | None = None
    docs: tuple[str, ...] = ()
    of_tables: bool | str = False

    @property
    def aggregate(self) -> bool:
        """Whether it is an aggregate function."""
        return self.kind == "aggregate"


@dataclass(frozen=True)
class Resolution:
    """What a call means: its type and the type each argument is taken as (None: as it is)."""

    type: t.SqlType
    parameters: tuple[t.SqlType | None, ...]
    literals: tuple[int, ...]

    def arguments(self, given: Sequence[Typed]) -> list[Typed]:
        """Return the arguments, cast where the function takes a wider type."""
        return [
            argument if wanted is None else cast(argument, wanted)
            for argument, wanted in zip(given, self.parameters, strict=True)
        ]


@cache
def functions() -> Mapping[str, Function]:
    """Return all functions by name."""
    text = files("ksqlflink").joinpath("functions.yaml").read_text(encoding="utf-8")
    return {entry["name"]: _function(entry) for entry in yaml.safe_load(text)}


def _function(entry: dict[str, Any]) -> Function:
    labels, of_bytes = entry.pop("labels", ()), entry.pop("bytes_labels", None)
    signatures = tuple(
        _signature(item, of_bytes if of_bytes and item["args"][0] == "BYTES" else labels)
        for item in entry.pop("signatures")
    )
    return Function(signatures=signatures, docs=tuple(entry.pop("docs", ())), **entry)


def _signature(item: Mapping[str, Any], labels: Sequence[str]) -> Signature:
    texts = [str(text) for text in item["args"]]
    repeated = next((index for index, text in enumerate(texts) if text.endswith("...")), None)
    parameters = tuple(pattern(text.removesuffix("...")) for text in texts)
    literals = tuple(item.get("literals", ()))
    return Signature(parameters, repeated, str(item["returns"]), literals, tuple(labels[: len(parameters)]))


def is_aggregate(name: str) -> bool:
    """Tell whether a name is that of an aggregate function."""
    function = functions().get(name)
    return function is not None and function.aggregate


def find(name: str) -> Function:
    """Return the function of that name; TypeProblem if there is none."""
    function = functions().get(name)
    if function is None:
        raise TypeProblem(f"Can't find any functions with the name '{name}'")
    return function


def resolve(function: Function, arguments: Sequence[Typed]) -> Resolution:
    """Return what a call means; scalar functions widen numbers where nothing matches exactly."""
    for casts in (False,) if function.aggregate else (False, True):
        found = [
            (signature.rank, resolution)
            for signature in function.signatures
            if (resolution := _try(signature, arguments, casts)) is not None
        ]
        best = max((rank for rank, _ in found), default=None)
        resolutions = [resolution for rank, resolution in found if rank == best]
        if len(resolutions) == 1:
            return resolutions[0]
        if resolutions:
            raise TypeProblem(_ambiguous(function, arguments))
    raise TypeProblem(refusal(function, _given(arguments)))


def refusal(function: Function, given: str) -> str:
    """Return what ksqlDB says of a call with arguments of other types."""
    return (
        f"Function '{function.shown or function.name}' does not accept parameters ({given}).\n"
        f"Valid alternatives are:\n{_listed(function)}"
    )


def _ambiguous(function: Function, arguments: Sequence[Typed]) -> str:
    return (
        f"Function '{function.shown or function.name}' cannot be resolved due to ambiguous method parameters "
        f"({_given(arguments)}).\nUse CAST() to explicitly cast your parameters to one of the supported "
        f"function calls.\nValid function calls are:\n{_listed(function)}"
    )


def _given(arguments: Sequence[Typed]) -> str:
    return ", ".join(shown(argument.type) for argument in arguments)


def _listed(function: Function) -> str:
    signatures = "\n".join(signature.text(function.name) for signature in function.signatures)
    help_ = "For detailed information on a function run: DESCRIBE FUNCTION <Function-Name>;"
    return f"{signatures}\n{help_}"


def _try(signature: Signature, arguments: Sequence[Typed], casts: bool) -> Resolution | None:
    parameters = signature.expanded(len(arguments))
    if parameters is None:
        return None
    bound: Bindings = {}
    for wanted, argument in zip(parameters, arguments, strict=True):
        if not _accepts(wanted, argument, bound, casts):
            return None
    targets = tuple(
        _target(wanted, argument, bound) for wanted, argument in zip(parameters, arguments, strict=True)
    )
    kinds = [target or argument.type for target, argument in zip(targets, arguments, strict=True)]
    result = signature.result(kinds, bound)
    if result is None:
        raise TypeProblem("Can't infer a type of null. Please explicitly cast it to a required type.")
    return Resolution(result, targets, tuple(index % len(arguments) for index in signature.literals))


def _accepts(wanted: Pattern, argument: Typed, bound: Bindings, casts: bool) -> bool:
    if wanted.name == UNIT:
        return argument.json.get("unit") is True
    return not argument.json.get("unit") and matches(wanted, argument.type, bound, casts)


def _target(wanted: Pattern, argument: Typed, bound: Bindings) -> t.SqlType | None:
    """Return the type an argument is widened to, None where it is passed on as it is."""
    if argument.type is None or not is_number(argument.type) or wanted.generic:
        return None
    if wanted.name == "DECIMAL":
        return as_decimal(argument.type)
    target = built(wanted, bound)
    return target if target is not None and base(target) != base(argument.type) else None


def _of_one_time(arguments: Sequence[Typed]) -> Sequence[Typed]:
    """Return the arguments with text literals as the times that they stand beside."""
    time = next((argument.type for argument in arguments if argument.type in _TIMES), None)
    if time is None:
        return arguments
    return [
        cast(argument, time) if argument.type == t.STRING and argument.json["op"] == "literal" else argument
        for argument in arguments
    ]


def call(name: str, arguments: Sequence[Typed]) -> Typed:
    """Return the call of a scalar function."""
    function = find(name)
    if name in _EXTREMES:
        arguments = _of_one_time(arguments)
    resolution = resolve(function, arguments)
    return node("call", resolution.type, resolution.arguments(arguments), name=name)
