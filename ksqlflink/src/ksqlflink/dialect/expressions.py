"""Parse tree -> expression nodes and types."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: ARG002, D102

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def _literal(kind: str) -> Callable[[Any, Meta, Parts], ast.Literal]:
    def build(_: Any, meta: Meta, parts: Parts) -> ast.Literal:
        text = unquote(parts[0]) if kind == "STRING" else str(parts[0])
        return ast.Literal(kind, text.upper() if kind != "STRING" else text, position=position_of(meta))

    return build


@v_args(meta=True)
class ExpressionBuilder(Transformer[Token, Any]):
    """Builds identifiers, types and expressions; statement rules are the subclass's.

    `types` are the custom types that may be named.
    """

    def __init__(self, types: Mapping[str, SqlType] | None = None) -> None:
        super().__init__()
        self.types: dict[str, SqlType] = dict(types or {})

    string, integer, decimal = _literal("STRING"), _literal("INTEGER"), _literal("DECIMAL")
    double, null, true, false = _literal("DOUBLE"), _literal("NULL"), _literal("BOOLEAN"), _literal("BOOLEAN")

    def plain_identifier(self, meta: Meta, parts: Parts) -> Name:
        return Name.of(parts[0].upper(), parts[0])

    def quoted_identifier(self, meta: Meta, parts: Parts) -> Name:
        return Name.of(unquote(parts[0]), parts[0])

    def non_reserved(self, meta: Meta, parts: Parts) -> Name:
        (token,) = parts[0].children if isinstance(parts[0], Tree) else parts
        return Name.of(str(token).upper(), cast(Token, token))

    def identifier(self, meta: Meta, parts: Parts) -> Name:
        return cast(Name, parts[0])

    def named_type(self, meta: Meta, parts: Parts) -> SqlType:
        name, arguments = parts[0], [int(part) for part in parts[1:]]
        if name in ("DECIMAL", "DEC"):
            return _decimal(arguments)
        known = {**PRIMITIVES, **self.types}
        if name not in known:
            raise PreparationProblem(f"Cannot resolve unknown type: {name}")
        return known[name]

    def array_type(self, meta: Meta, parts: Parts) -> SqlType:
        return Array(_types(parts)[0])

    def map_type(self, meta: Meta, parts: Parts) -> SqlType:
        key, value = _types(parts)
        return Map(key, value)

    def struct_type(self, meta: Meta, parts: Parts) -> SqlType:
        return Struct(tuple(part for part in parts if isinstance(part, tuple)))

    def field(self, meta: Meta, parts: Parts) -> tuple[str, SqlType]:
        return str(parts[0]), parts[1]

    def column(self, meta: Meta, parts: Parts) -> ast.Column:
        return ast.Column(str(parts[0]), position=position_of(meta))

    def qualified(self, meta: Meta, parts: Parts) -> ast.Column:
        return ast.Column(str(parts[1]), str(parts[0]), position=position_of(meta))

    def _binary(self, meta: Meta, parts: Parts) -> ast.Binary:
        left, operator, right = parts
        # ksqlDB knows one of these two and shows that one.
        operator = "<>" if operator == "!=" else operator.upper()
        return ast.Binary(operator, left, right, position=position_of(meta))

    arithmetic = comparison = or_ = and_ = _binary

    def equals(self, meta: Meta, parts: Parts) -> ast.Binary:
        return ast.Binary("=", parts[0], parts[1], position=position_of(meta))

    def distinct(self, meta: Meta, parts: Parts) -> ast.Binary:
        operator = "IS NOT DISTINCT FROM" if _has(parts, "NOT") else "IS DISTINCT FROM"
        return ast.Binary(operator, parts[0], parts[-1], position=position_of(meta))

    def is_null(self, meta: Meta, parts: Parts) -> ast.Unary:
        operator = "IS NOT NULL" if _has(parts, "NOT") else "IS NULL"
        return ast.Unary(operator, parts[0], position=position_of(meta))

    def not_(self, meta: Meta, parts: Parts) -> ast.Unary:
        return ast.Unary("NOT", parts[1], position=position_of(meta))

    def negative(self, meta: Meta, parts: Parts) -> ast.Unary:
        return ast.Unary("-", parts[1], position=position_of(meta))

    def positive(self, meta: Meta, parts: Parts) -> ast.Unary:
        return ast.Unary("+", parts[1], position=position_of(meta))

    def parenthesised(self, meta: Meta, parts: Parts) -> ast.Expression:
        return cast(ast.Expression, parts[0])

    def between(self, meta: Meta, parts: Parts) -> ast.Between:
        value, low, high = _operands(parts)
        return ast.Between(value, low, high, _has(parts, "NOT"), position=position_of(meta))

    def in_(self, meta: Meta, parts: Parts) -> ast.In:
        value, *options = _operands(parts)
        return ast.In(value, tuple(options), _has(parts, "NOT"), position=position_of(meta))

    def like(self, meta: Meta, parts: Parts) -> ast.Like:
        value, pattern = _operands(parts)
        escape = next(
            (unquote(part) for part in parts if isinstance(part, Token) and part.type == "STRING"), None
        )
        return ast.Like(value, pattern, escape, _has(parts, "NOT"), position=position_of(meta))

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

    def subscript(self, meta: Meta, parts: Parts) -> ast.Subscript:
        return ast.Subscript(parts[0], parts[1], position=position_of(meta))

    def dereference(self, meta: Meta, parts: Parts) -> ast.Dereference:
        return ast.Dereference(parts[0], str(parts[1]), position=position_of(meta))

    def call(self, meta: Meta, parts: Parts) -> ast.Call:
        name, arguments = str(parts[0]), parts[1:]
        if name in _TAKING_UNITS and arguments:
            arguments = [_as_unit(arguments[0]), *arguments[1:]]
        return ast.Call(name, tuple(arguments), position=position_of(meta))

    def time_unit(self, meta: Meta, parts: Parts) -> ast.Literal:
        return ast.Literal("UNIT", _plural(parts[0]), position=position_of(meta))

    def star_call(self, meta: Meta, parts: Parts) -> ast.Call:
        return ast.Call(str(parts[0]), (), star=True, position=position_of(meta))

    def when(self, meta: Meta, parts: Parts) -> tuple[ast.Expression, ast.Expression]:
        condition, result = _operands(parts)
        return condition, result

    def searched_case(self, meta: Meta, parts: Parts) -> ast.Case:
        branches = tuple(part for part in parts if isinstance(part, tuple))
        default = parts[-2] if _has(parts, "ELSE") else None
        return ast.Case(None, branches, default, position=position_of(meta))

    def simple_case(self, meta: Meta, parts: Parts) -> ast.Case:
        searched = self.searched_case(meta, parts)
        return ast.Case(parts[1], searched.branches, searched.default, position=searched.position)

    def cast(self, meta: Meta, parts: Parts) -> ast.Cast:
        value, target = (part for part in parts if not isinstance(part, Token))
        return ast.Cast(value, target, position=position_of(meta))

    def _constructor(self, kind: str, meta: Meta, items: Parts) -> ast.Constructor:
        return ast.Constructor(kind, tuple(items), position=position_of(meta))

    def struct_item(self, meta: Meta, parts: Parts) -> tuple[ast.Expression, ast.Expression]:
        return ast.Literal("NAME", str(parts[0]), position=position_of(meta)), parts[1]

    def map_item(self, meta: Meta, parts: Parts) -> tuple[ast.Expression, ast.Expression]:
        return parts[0], parts[1]

    def array_literal(self, meta: Meta, parts: Parts) -> ast.Constructor:
        return self._constructor("ARRAY", meta, [(None, part) for part in parts[1:]])

    def struct_literal(self, meta: Meta, parts: Parts) -> ast.Constructor:
        return self._constructor("STRUCT", meta, parts[1:])

    def map_literal(self, meta: Meta, parts: Parts) -> ast.Constructor:
        return self._constructor("MAP", meta, parts[1:])


def _parameter(meta: Meta, node: ast.Expression) -> str:
    if not isinstance(node, ast.Column) or node.source is not None:
        raise PreparationProblem(f"{position_of(meta)}: a lambda's parameters are names")
    return node.name


def _plural(unit: str) -> str:
    return unit.upper().removesuffix("S") + "S"


def _as_unit(node: ast.Expression) -> ast.Expression:
    """Return the time unit that a function's first argument names: DAY could be a column elsewhere."""
    if isinstance(node, ast.Column) and node.source is None and _plural(node.name) in _UNITS:
        return ast.Literal("UNIT", _plural(node.name), position=node.position)
    return node


def _decimal(arguments: list[int]) -> Decimal:
    if len(arguments) != 2:
        raise PreparationProblem("DECIMAL takes a precision and a scale: DECIMAL(precision, scale)")
    precision, scale = arguments
    for wrong, limit in ((precision < 1, "1"), (precision < scale, "scale")):
        if wrong:
            raise PreparationProblem(f"DECIMAL precision must be >= {limit}: DECIMAL({precision},{scale})")
    return Decimal(precision, scale)


def _types(parts: Parts) -> list[SqlType]:
    return [part for part in parts if not isinstance(part, Token)]


def _operands(parts: Parts) -> list[Any]:
    return [part for part in parts if not isinstance(part, Token)]


def _has(parts: Parts, keyword: str) -> bool:
    return any(isinstance(part, Token) and part.type == keyword for part in parts)
