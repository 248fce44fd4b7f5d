"""Parse tree -> expression nodes and types."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: ARG002, D102, N805

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isinf
from typing import Any, cast

from lark import Token, Transformer, Tree, v_args
from lark.tree import Meta

from ksqlflink.dialect import ast
from ksqlflink.dialect.columns import map_columns
from ksqlflink.dialect.errors import PreparationProblem
from ksqlflink.dialect.types import PRIMITIVES, Array, Decimal, Map, SqlType, Struct

Parts = list[Any]
_QUOTES = ("`", '"')
_UNITS = ("DAYS", "HOURS", "MINUTES", "SECONDS", "MILLISECONDS")
_TAKING_UNITS = ("DATEADD", "DATESUB", "TIMEADD", "TIMESUB", "TIMESTAMPADD", "TIMESTAMPSUB")


class Name(str):
    """An identifier in its canonical form, with the token it came from."""

    __slots__ = ("position", "raw", "token_text")
    position: ast.Position
    raw: str  # without quotes, in the case it was written in
    token_text: str

    @property
    def word(self) -> str:
        """The token upper-cased: tells a quoted name from a keyword."""
        return self.token_text.upper()

    @classmethod
    def of(cls, text: str, token: Token) -> Name:
        """Return `text` as the name that `token` stands for."""
        name = cls(text)
        name.position = position_of(token)
        name.token_text = str(token)
        name.raw = unquote(token) if token[0] in _QUOTES else str(token)
        return name


def position_of(place: Token | Meta) -> ast.Position:
    """Return where a token or a rule starts."""
    return ast.Position(cast(int, place.line), cast(int, place.column))


def unquote(text: str) -> str:
    """Return the text between quotes with doubled quotes undone."""
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def rule(build: Callable[[Parts], Any]) -> Callable[[Any, Meta, Parts], Any]:
    """Return the method of a rule: it answers what `build` makes of the rule's parts, with its place."""

    def method(builder: ExpressionBuilder, meta: Meta, parts: Parts) -> Any:
        return builder.placed(build(parts), meta)

    return method


def _literal(kind: str) -> Callable[[Any, Meta, Parts], Any]:
    return rule(lambda parts: ast.Literal(kind, unquote(parts[0]) if kind == "STRING" else parts[0].upper()))


@v_args(meta=True)
class ExpressionBuilder(Transformer[Token, Any]):
    """Builds identifiers, types and expressions; statement rules are the subclass's.

    `types` are the custom types that may be named.
    """

    def __init__(self, types: Mapping[str, SqlType] | None = None) -> None:
        super().__init__()
        self.types: dict[str, SqlType] = dict(types or {})

    def placed(self, made: Any, meta: Meta) -> Any:
        """Return what was made, with the place of its rule if it has none yet."""
        if isinstance(made, ast.Node) and made.position is ast.NOWHERE:
            return replace(made, position=position_of(meta))
        return made

    # -- names and types -----------------------------------------------------------------------------------

    plain_identifier = rule(lambda parts: Name.of(parts[0].upper(), parts[0]))
    quoted_identifier = rule(lambda parts: Name.of(unquote(parts[0]), parts[0]))
    identifier = rule(lambda parts: parts[0])

    @rule
    def non_reserved(parts: Parts) -> Name:
        (token,) = cast(Parts, parts[0].children) if isinstance(parts[0], Tree) else parts
        return Name.of(token.upper(), token)

    def named_type(self, meta: Meta, parts: Parts) -> SqlType:
        name, arguments = parts[0], [int(part) for part in parts[1:]]
        if name in ("DECIMAL", "DEC"):
            return _decimal(arguments)
        known = {**PRIMITIVES, **self.types}
        if name not in known:
            raise PreparationProblem(f"Cannot resolve unknown type: {name}")
        return known[name]

    array_type = rule(lambda parts: Array(*_operands(parts)))
    map_type = rule(lambda parts: Map(*_operands(parts)))
    struct_type = rule(lambda parts: Struct(tuple(_operands(parts))))
    field = rule(lambda parts: (str(parts[0]), parts[1]))

    # -- expressions ---------------------------------------------------------------------------------------

    string, integer, decimal = _literal("STRING"), _literal("INTEGER"), _literal("DECIMAL")
    null, true, false = _literal("NULL"), _literal("BOOLEAN"), _literal("BOOLEAN")

    def double(self, meta: Meta, parts: Parts) -> ast.Literal:
        if isinf(float(parts[0])):
            raise PreparationProblem(f"line {meta.line}:{meta.column}: Number overflows DOUBLE: {parts[0]}")
        return ast.Literal("DOUBLE", parts[0].upper(), position=position_of(meta))

    column = rule(lambda parts: ast.Column(str(parts[0])))
    qualified = rule(lambda parts: ast.Column(str(parts[1]), str(parts[0])))
    # ksqlDB knows one of <> and != and shows that one.
    arithmetic = comparison = or_ = and_ = rule(
        lambda parts: ast.Binary("<>" if parts[1] == "!=" else parts[1].upper(), parts[0], parts[2])
    )
    equals = rule(lambda parts: ast.Binary("=", *parts))
    distinct = rule(lambda parts: ast.Binary(f"IS {_no(parts)}DISTINCT FROM", parts[0], parts[-1]))
    is_null = rule(lambda parts: ast.Unary(f"IS {_no(parts)}NULL", parts[0]))
    not_ = rule(lambda parts: ast.Unary("NOT", parts[1]))
    negative = rule(lambda parts: ast.Unary("-", parts[1]))
    positive = rule(lambda parts: ast.Unary("+", parts[1]))
    parenthesised = rule(lambda parts: parts[0])

    @rule
    def between(parts: Parts) -> ast.Between:
        value, low, high = _operands(parts)
        return ast.Between(value, low, high, bool(_no(parts)))

    @rule
    def in_(parts: Parts) -> ast.In:
        value, *options = _operands(parts)
        return ast.In(value, tuple(options), bool(_no(parts)))

    @rule
    def like(parts: Parts) -> ast.Like:
        escape = next((unquote(part) for part in parts if is_token(part, "STRING")), None)
        value, pattern = _operands(parts)
        return ast.Like(value, pattern, escape, bool(_no(parts)))

    def at_time_zone(self, meta: Meta, parts: Parts) -> ast.Expression:
        raise PreparationProblem(f"{position_of(meta)}: AT TIME ZONE is not supported by ksqlflink")

    def lambda_(self, meta: Meta, parts: Parts) -> ast.Lambda:
        # LALR cannot tell (a, b) => .. from a list of expressions before it has read =>.
        *parameters, body = parts
        names = tuple(_parameter(meta, parameter) for parameter in parameters)

        def bound(column: ast.Column) -> ast.Expression:
            if column.source is None and column.name in names:
                return ast.LambdaVariable(column.name, position=column.position)
            return column

        return ast.Lambda(names, map_columns(body, bound), position=position_of(meta))

    subscript = rule(lambda parts: ast.Subscript(*parts))
    dereference = rule(lambda parts: ast.Dereference(parts[0], str(parts[1])))
    time_unit = rule(lambda parts: ast.Literal("UNIT", plural(parts[0])))
    star_call = rule(lambda parts: ast.Call(str(parts[0]), (), star=True))

    @rule
    def call(parts: Parts) -> ast.Call:
        name, arguments = str(parts[0]), parts[1:]
        if name in _TAKING_UNITS and arguments:
            arguments = [_as_unit(arguments[0]), *arguments[1:]]
        return ast.Call(name, tuple(arguments))

    when = rule(lambda parts: tuple(_operands(parts)))
    searched_case = rule(lambda parts: _case(None, parts))
    simple_case = rule(lambda parts: _case(parts[1], parts))
    cast = rule(lambda parts: ast.Cast(*_operands(parts)))

    def struct_item(self, meta: Meta, parts: Parts) -> tuple[ast.Expression, ast.Expression]:
        return ast.Literal("NAME", str(parts[0]), position=position_of(meta)), parts[1]

    map_item = rule(tuple)
    array_literal = rule(lambda parts: ast.Constructor("ARRAY", tuple((None, part) for part in parts[1:])))
    struct_literal = rule(lambda parts: ast.Constructor("STRUCT", tuple(parts[1:])))
    map_literal = rule(lambda parts: ast.Constructor("MAP", tuple(parts[1:])))


def _parameter(meta: Meta, node: ast.Expression) -> str:
    if not isinstance(node, ast.Column) or node.source is not None:
        raise PreparationProblem(f"{position_of(meta)}: a lambda's parameters are names")
    return node.name


def plural(unit: str) -> str:
    """Return a time unit in its plural form, upper-cased."""
    return unit.upper().removesuffix("S") + "S"


def _as_unit(node: ast.Expression) -> ast.Expression:
    """Return the time unit that a function's first argument names: DAY could be a column elsewhere."""
    if isinstance(node, ast.Column) and node.source is None and plural(node.name) in _UNITS:
        return ast.Literal("UNIT", plural(node.name), position=node.position)
    return node


def _decimal(arguments: list[int]) -> Decimal:
    if len(arguments) != 2:
        raise PreparationProblem("DECIMAL takes a precision and a scale: DECIMAL(precision, scale)")
    precision, scale = arguments
    for wrong, limit in ((precision < 1, "1"), (precision < scale, "scale")):
        if wrong:
            raise PreparationProblem(f"DECIMAL precision must be >= {limit}: DECIMAL({precision},{scale})")
    return Decimal(precision, scale)


def _case(operand: ast.Expression | None, parts: Parts) -> ast.Case:
    branches = tuple(part for part in parts if isinstance(part, tuple))
    return ast.Case(operand, branches, parts[-2] if any(is_token(part, "ELSE") for part in parts) else None)


def _operands(parts: Parts) -> list[Any]:
    return [part for part in parts if not isinstance(part, Token)]


def is_token(part: Any, kind: str) -> bool:
    """Tell whether a part is a token of that kind."""
    return isinstance(part, Token) and part.type == kind


def _no(parts: Parts) -> str:
    return "NOT " if any(is_token(part, "NOT") for part in parts) else ""
