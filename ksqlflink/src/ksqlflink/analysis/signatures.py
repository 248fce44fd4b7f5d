"""The types a function takes and returns, as functions.yaml writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeAlias

from ksqlflink.analysis.typed import base, is_number, wider
from ksqlflink.dialect import types as t

_TOKEN = re.compile(r"[A-Za-z_]\w*|[<>,]")
_VARIABLE = re.compile(r"[A-Z]\Z")
_WIDTH = ("INTEGER", "BIGINT", "DECIMAL", "DOUBLE")
_RULES = ("same", "whole", "widest")
UNIT = "UNIT"
ANY = "ANY"
LAMBDA = "LAMBDA"


@dataclass(frozen=True)
class Pattern:
    """A parameter type: a name (a type, a variable, DECIMAL of any size, UNIT, ANY, LAMBDA) and its parts.

    The parts of a LAMBDA are the types of its parameters, and last that of its body.
    """

    name: str
    parts: tuple[tuple[str, Pattern], ...] = ()

    @property
    def variable(self) -> bool:
        """Whether it stands for any one type."""
        return bool(_VARIABLE.match(self.name))

    @property
    def generic(self) -> bool:
        """Whether a variable is anywhere in it."""
        return self.variable or any(part.generic for _, part in self.parts)

    def __str__(self) -> str:
        if not self.parts:
            return {"STRING": "VARCHAR", "INTEGER": "INT"}.get(self.name, self.name)
        if self.name == LAMBDA:
            *parameters, body = (str(part) for _, part in self.parts)
            return f"LAMBDA ({', '.join(parameters)}) => {body}"
        inner = ", ".join(f"{label} {part}".strip() for label, part in self.parts)
        return f"{self.name}<{inner}>"


def pattern(text: str) -> Pattern:
    """Return the pattern that a text such as MAP<STRING, T> or LAMBDA (K, V) => R writes."""
    if text.startswith(LAMBDA):
        kinds = re.findall(r"\w+", text)[1:]
        return Pattern(LAMBDA, tuple(("", Pattern(kind)) for kind in kinds))
    return _pattern(_TOKEN.findall(text))


def _pattern(tokens: list[str]) -> Pattern:
    name = tokens.pop(0)
    if not tokens or tokens[0] != "<":
        return Pattern(name)
    parts: list[tuple[str, Pattern]] = []
    while tokens.pop(0) != ">":
        label = tokens.pop(0) if name == "STRUCT" else ""
        parts.append((label, _pattern(tokens)))
    return Pattern(name, tuple(parts))


Bindings: TypeAlias = dict[str, t.SqlType]


def matches(wanted: Pattern, given: t.SqlType | None, bound: Bindings, casts: bool) -> bool:
    """Tell whether an argument fits a parameter; binds the variables in it. A NULL fits everything."""
    if given is None or wanted.name == ANY:
        return True
    if wanted.variable:
        return bound.setdefault(wanted.name, given) == given
    match given:
        case t.Array(item) if wanted.name == "ARRAY":
            return matches(wanted.parts[0][1], item, bound, casts=False)
        case t.Map(key, value) if wanted.name == "MAP":
            pairs = ((wanted.parts[0][1], key), (wanted.parts[1][1], value))
            return all(matches(part, kind, bound, casts=False) for part, kind in pairs)
        case t.Struct() if wanted.name == "STRUCT":
            return given == built(wanted, bound)
    if base(given) == wanted.name:
        return True
    return casts and is_number(given) and _is_wider(wanted.name, base(given))


def _is_wider(wanted: str, given: str) -> bool:
    return wanted in _WIDTH and _WIDTH.index(wanted) > _WIDTH.index(given)


def built(wanted: Pattern, bound: Bindings) -> t.SqlType | None:
    """Return the type a pattern stands for, None if a variable in it is not bound."""
    if wanted.variable:
        return bound.get(wanted.name)
    parts = [built(part, bound) for _, part in wanted.parts]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts):
        return None
    match wanted.name:
        case "ARRAY":
            return t.Array(known[0])
        case "MAP":
            return t.Map(known[0], known[1])
        case "STRUCT":
            labels = [label for label, _ in wanted.parts]
            return t.Struct(tuple(zip(labels, known, strict=True)))
    return t.PRIMITIVES.get(wanted.name)


@dataclass(frozen=True)
class Signature:
    """One way to call a function; the parameter at `repeated` may take any number of arguments."""

    parameters: tuple[Pattern, ...]
    repeated: int | None
    returns: str
    literals: tuple[int, ...] = ()
    labels: tuple[str, ...] = field(default=(), compare=False)

    @property
    def rank(self) -> tuple[int, int, int]:
        """How much ksqlDB prefers it: not variadic, then with many parameters, then with few generic ones."""
        generic = sum(parameter.generic or parameter.name == ANY for parameter in self.parameters)
        return int(self.repeated is None), len(self.parameters), -generic

    def expanded(self, count: int) -> tuple[Pattern, ...] | None:
        """Return a parameter for each of `count` arguments, None when they are too few or too many."""
        at = self.repeated
        if at is None:
            return self.parameters if len(self.parameters) == count else None
        more = count - len(self.parameters) + 1
        if more < 0:
            return None
        return (*self.parameters[:at], *[self.parameters[at]] * more, *self.parameters[at + 1 :])

    def result(self, arguments: list[t.SqlType | None], bound: Bindings) -> t.SqlType | None:
        """Return the type of a call with these arguments."""
        match self.returns:
            case "same":
                return arguments[0]
            case "whole":
                first = arguments[0]
                whole = isinstance(first, t.Decimal)
                return t.Decimal(first.precision - first.scale, 0) if whole else first  # type: ignore[union-attr]
            case "widest":
                return _widest([kind for kind in arguments if kind is not None])
            case "rows":
                return _rows(arguments[:-1])
        return built(pattern(self.returns), bound)

    def text(self, function: str) -> str:
        """Return the signature as ksqlDB lists it."""
        shown = [str(parameter) for parameter in self.parameters]
        if self.repeated is not None:
            shown[self.repeated] += "..."
        named = [f"{kind} {label}".strip() for kind, label in zip_longest(shown, self.labels, fillvalue="")]
        return f"{function}({', '.join(named)})"

    @property
    def shown_result(self) -> str:
        """What it returns, as DESCRIBE FUNCTION shows it."""
        if self.returns == "rows":
            return "ARRAY<STRUCT>"
        return "DECIMAL" if self.returns in _RULES else str(pattern(self.returns))


def _rows(kinds: list[t.SqlType | None]) -> t.SqlType | None:
    known = [kind for kind in kinds if kind is not None]
    names = ["sort_col", *(f"col{index}" for index in range(len(known) - 1))]
    return None if len(known) < len(kinds) else t.Array(t.Struct(tuple(zip(names, known, strict=True))))


def _widest(kinds: list[t.SqlType]) -> t.SqlType | None:
    result: t.SqlType | None = kinds[0] if kinds else None
    for kind in kinds[1:]:
        result = wider(result, kind) if result is not None else None
    return result
