"""Expressions and relations of a parsed statement.

Names are already in their canonical form (unquoted ones upper-cased). Positions count from 1 and take no
part in equality, so that a statement equals its own formatted text parsed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ksqlflink.dialect.types import SqlType


@dataclass(frozen=True)
class Position:
    """Where something starts in the request text; line and column from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"Line: {self.line}, Col: {self.column}"


NOWHERE = Position(1, 1)


@dataclass(frozen=True)
class Node:
    """Anything with a place in the text."""

    position: Position = field(default=NOWHERE, compare=False, kw_only=True)


@dataclass(frozen=True)
class Column(Node):
    """A column reference, qualified with a source alias or not."""

    name: str
    source: str | None = None


@dataclass(frozen=True)
class Literal(Node):
    """A literal: kind is STRING, INTEGER, DECIMAL, DOUBLE, BOOLEAN or NULL; text is its value as text.

    A time unit (kind UNIT) and the name of a field in STRUCT(..) (kind NAME) are literals too.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Binary(Node):
    """left OPERATOR right, for comparisons, arithmetic, AND, OR and IS [NOT] DISTINCT FROM."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Unary(Node):
    """OPERATOR operand: NOT, - and +, or the postfix IS NULL and IS NOT NULL."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Between(Node):
    """value [NOT] BETWEEN low AND high."""

    value: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True)
class In(Node):
    """value [NOT] IN (options)."""

    value: Expression
    options: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True)
class Like(Node):
    """value [NOT] LIKE pattern [ESCAPE character]."""

    value: Expression
    pattern: Expression
    escape: str | None
    negated: bool


@dataclass(frozen=True)
class Subscript(Node):
    """base[index] of an array or a map."""

    base: Expression
    index: Expression


@dataclass(frozen=True)
class Dereference(Node):
    """base->name of a struct."""

    base: Expression
    name: str


@dataclass(frozen=True)
class Call(Node):
    """NAME(arguments); COUNT(*) is the call with `star`."""

    name: str
    arguments: tuple[Expression, ...]
    star: bool = False


@dataclass(frozen=True)
class Case(Node):
    """CASE [operand] WHEN .. THEN .. [ELSE default] END."""

    operand: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    default: Expression | None


@dataclass(frozen=True)
class Cast(Node):
    """CAST(value AS type)."""

    value: Expression
    type: SqlType


@dataclass(frozen=True)
class Constructor(Node):
    """ARRAY[..], MAP(k := v, ..) or STRUCT(name := v, ..); items hold None as the key for ARRAY."""

    kind: str
    items: tuple[tuple[Expression | None, Expression], ...]


@dataclass(frozen=True)
class Lambda(Node):
    """(parameters) => body, an argument of TRANSFORM, FILTER or REDUCE."""

    parameters: tuple[str, ...]
    body: Expression


@dataclass(frozen=True)
class LambdaVariable(Node):
    """A parameter of a lambda where its body uses it."""

    name: str


Expression: TypeAlias = (
    Column
    | Literal
    | Binary
    | Unary
    | Between
    | In
    | Like
    | Subscript
    | Dereference
    | Call
    | Case
    | Cast
    | Constructor
    | Lambda
    | LambdaVariable
)


@dataclass(frozen=True)
class SelectItem(Node):
    """One expression of a SELECT with its alias, if it has one."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True)
class SelectAll(Node):
    """`*`, or `source.*`."""

    source: str | None = None


@dataclass(frozen=True)
class SelectFields(Node):
    """`struct->*`: the fields of a struct."""

    base: Expression


Selected: TypeAlias = SelectItem | SelectAll | SelectFields


@dataclass(frozen=True)
class Source(Node):
    """A stream or table in FROM; the alias is the name itself unless given."""

    name: str
    alias: str


@dataclass(frozen=True)
class Duration(Node):
    """`amount unit`; the unit is kept in its plural form."""

    amount: int
    unit: str

    @property
    def milliseconds(self) -> int:
        """Length in milliseconds."""
        return self.amount * _UNIT_MS[self.unit]


_UNIT_MS = {
    "MILLISECONDS": 1,
    "SECONDS": 1_000,
    "MINUTES": 60_000,
    "HOURS": 3_600_000,
    "DAYS": 86_400_000,
}


@dataclass(frozen=True)
class Within(Node):
    """WITHIN before/after GRACE PERIOD grace; `before` and `after` are the same for the one-sized form."""

    before: Duration
    after: Duration
    grace: Duration | None


@dataclass(frozen=True)
class Join(Node):
    """`kind` JOIN source [WITHIN ..] ON criteria; kind is INNER, LEFT, RIGHT or FULL."""

    kind: str
    source: Source
    within: Within | None
    criteria: Expression


@dataclass(frozen=True)
class Window(Node):
    """WINDOW kind (..): kind is TUMBLING, HOPPING or SESSION; the size of a session is its gap."""

    kind: str
    size: Duration
    advance: Duration | None = None
    retention: Duration | None = None
    grace: Duration | None = None


@dataclass(frozen=True)
class Query(Node):
    """SELECT items FROM source joins, and what may follow; `emit` is CHANGES, FINAL or None."""

    items: tuple[Selected, ...]
    source: Source
    joins: tuple[Join, ...] = ()
    where: Expression | None = None
    emit: str | None = None
    window: Window | None = None
    group_by: tuple[Expression, ...] = ()
    partition_by: tuple[Expression, ...] = ()
    having: Expression | None = None
    limit: int | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source, in the order of FROM."""
        return (self.source, *(join.source for join in self.joins))
