"""Statements -> text, laid out the way ksqlDB shows them in `statementText`."""

from __future__ import annotations

import re

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.grammar import NON_RESERVED, RESERVED, STATEMENT_STARTERS
from ksqlflink.dialect.types import Array, Decimal, Map, SqlType, Struct

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_@]*\Z")
_RESERVED = frozenset({*RESERVED, *STATEMENT_STARTERS}) - frozenset(NON_RESERVED)


def identifier(name: str) -> str:
    """Return the name, back-quoted where it would otherwise read differently."""
    if _PLAIN.match(name) and name not in _RESERVED:
        return name
    return back_quoted(name)


def back_quoted(name: str) -> str:
    """Return the name in back-quotes."""
    return "`" + name.replace("`", "``") + "`"


def sql_type(kind: SqlType, quote_all: bool = False) -> str:
    """Return the type's text; `quote_all` back-quotes every struct field name, as schemas in messages do."""
    name = back_quoted if quote_all else identifier
    match kind:
        case Decimal(precision, scale):
            return f"DECIMAL({precision}, {scale})"
        case Array(item):
            return f"ARRAY<{sql_type(item, quote_all)}>"
        case Map(key, value):
            return f"MAP<{sql_type(key, quote_all)}, {sql_type(value, quote_all)}>"
        case Struct(fields):
            return (
                f"STRUCT<{', '.join(f'{name(field)} {sql_type(item, quote_all)}' for field, item in fields)}>"
            )
        case _:
            return kind.name


def string(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


def expression(node: ast.Expression) -> str:
    """Return an expression; operators are fully parenthesised, as ksqlDB shows them."""
    match node:
        case ast.Column(name, None):
            return identifier(name)
        case ast.Column(name, source):
            return f"{identifier(source or '')}.{identifier(name)}"
        case ast.Literal(kind, text):
            return _literal(kind, text)
        case ast.Binary(operator, left, right):
            return f"({expression(left)} {operator} {expression(right)})"
        case ast.Unary():
            return _unary(node)
        case ast.Between() | ast.In() | ast.Like():
            return _predicate(node)
        case _:
            return _composite(node)


def _literal(kind: str, text: str) -> str:
    match kind:
        case "STRING":
            return string(text)
        case "NAME":
            return identifier(text)
        case "BOOLEAN":
            return text.lower()
    return text


_Composite = (
    ast.Subscript
    | ast.Dereference
    | ast.Call
    | ast.Case
    | ast.Cast
    | ast.Constructor
    | ast.Lambda
    | ast.LambdaVariable
)


def _composite(node: _Composite) -> str:
    match node:
        case ast.Subscript(base, index):
            return f"{expression(base)}[{expression(index)}]"
        case ast.Dereference(base, name):
            return f"{expression(base)}->{identifier(name)}"
        case ast.Call(name, arguments, star):
            return f"{identifier(name)}({'*' if star else ', '.join(map(expression, arguments))})"
        case ast.Case():
            return _case(node)
        case ast.Cast(value, kind):
            return f"CAST({expression(value)} AS {sql_type(kind)})"
        case ast.Constructor():
            return _constructor(node)
        case ast.Lambda(parameters, body):
            return f"({', '.join(map(identifier, parameters))}) => {expression(body)}"
        case ast.LambdaVariable(name):
            return identifier(name)


def _unary(node: ast.Unary) -> str:
    operand = expression(node.operand)
    if node.operator.startswith("IS"):
        return f"({operand} {node.operator})"
    if node.operator == "NOT":
        return f"(NOT {operand})"
    # A sign beside a sign would read as a comment: --1.
    return f"{node.operator}{' ' if operand[0] in '+-' else ''}{operand}"


def _predicate(node: ast.Between | ast.In | ast.Like) -> str:
    value, no = expression(node.value), "NOT " if node.negated else ""
    match node:
        case ast.Between(_, low, high):
            return f"({value} {no}BETWEEN {expression(low)} AND {expression(high)})"
        case ast.In(_, options):
            return f"({value} {no}IN ({', '.join(map(expression, options))}))"
        case ast.Like(_, pattern, escape):
            tail = f" ESCAPE {string(escape)}" if escape is not None else ""
            return f"({value} {no}LIKE {expression(pattern)}{tail})"


def _case(node: ast.Case) -> str:
    parts = ["CASE"] if node.operand is None else ["CASE", expression(node.operand)]
    parts += [
        f"WHEN {expression(condition)} THEN {expression(result)}" for condition, result in node.branches
    ]
    if node.default is not None:
        parts.append(f"ELSE {expression(node.default)}")
    return f"({' '.join(parts)} END)"


def _constructor(node: ast.Constructor) -> str:
    items = [expression(v) if k is None else f"{expression(k)}:={expression(v)}" for k, v in node.items]
    opening, closing = ("[", "]") if node.kind == "ARRAY" else ("(", ")")
    return f"{node.kind}{opening}{', '.join(items)}{closing}"


def duration(node: ast.Duration) -> str:
    """Return an amount and its unit."""
    return f"{node.amount} {node.unit}"


def _within(node: ast.Within) -> str:
    same = (node.before.amount, node.before.unit) == (node.after.amount, node.after.unit)
    size = duration(node.before) if same else f"({duration(node.before)}, {duration(node.after)})"
    return f"WITHIN {size}" + (f" GRACE PERIOD {duration(node.grace)}" if node.grace else "")


def _source(node: ast.Source) -> str:
    return f"{identifier(node.name)} {identifier(node.alias)}"


_JOINS = {
    "INNER": "INNER JOIN",
    "LEFT": "LEFT OUTER JOIN",
    "RIGHT": "RIGHT OUTER JOIN",
    "FULL": "FULL OUTER JOIN",
}


def _join(node: ast.Join) -> str:
    within = f" {_within(node.within)}" if node.within else ""
    return f"{_JOINS[node.kind]} {_source(node.source)}{within} ON ({expression(node.criteria)})"


def _item(node: ast.Selected) -> str:
    match node:
        case ast.SelectAll(source):
            return "*" if source is None else f"{identifier(source)}.*"
        case ast.SelectFields(base):
            return f"{expression(base)}->*"
        case ast.SelectItem(selected, alias):
            return expression(selected) + ("" if alias is None else f" {identifier(alias)}")


def _window(node: ast.Window) -> str:
    parts = [duration(node.size) if node.kind == "SESSION" else f"SIZE {duration(node.size)}"]
    parts += [
        f"{name} {duration(length)}"
        for name, length in (
            ("ADVANCE BY", node.advance),
            ("RETENTION", node.retention),
            ("GRACE PERIOD", node.grace),
        )
        if length is not None
    ]
    return f"WINDOW {node.kind} ( {' , '.join(parts)} ) "


def query(node: ast.Query) -> str:
    """Return a SELECT; one selected item stays on the line of the SELECT."""
    items = [_item(item) for item in node.items]
    lines = [f"SELECT {items[0]}" if len(items) == 1 else "SELECT\n  " + ",\n  ".join(items)]
    lines.append(f"FROM {_source(node.source)}")
    lines += [_join(join) for join in node.joins]
    return "\n".join(lines + _clauses(node))


def _clauses(node: ast.Query) -> list[str]:
    lines = [_window(node.window)] if node.window else []
    if node.where is not None:
        lines.append(f"WHERE {expression(node.where)}")
    if node.group_by:
        lines.append(f"GROUP BY {', '.join(map(expression, node.group_by))}")
    if node.partition_by:
        lines.append(f"PARTITION BY {', '.join(map(expression, node.partition_by))}")
    if node.having is not None:
        lines.append(f"HAVING {expression(node.having)}")
    if node.emit is not None:
        lines.append(f"EMIT {node.emit}")
    if node.limit is not None:
        lines.append(f"LIMIT {node.limit}")
    return lines


def _properties(properties: st.Properties) -> str:
    if not properties:
        return ""
    return f" WITH ({', '.join(f'{name}={expression(value)}' for name, value in properties)})"


def element(node: st.Element) -> str:
    """Return a column definition."""
    role = node.key or node.header
    return f"{identifier(node.name)} {sql_type(node.type)}" + (f" {role}" if role else "")


def _head(statement: st.CreateSource | st.CreateAsSelect) -> str:
    replace = "OR REPLACE " if statement.or_replace else ""
    read_only = "SOURCE " if isinstance(statement, st.CreateSource) and statement.read_only else ""
    guard = "IF NOT EXISTS " if statement.if_not_exists else ""
    return f"CREATE {replace}{read_only}{statement.kind} {guard}{identifier(statement.name)}"


def format_statement(statement: st.Statement) -> str:
    """Return the statement's canonical text; statements other than CREATE and DROP as they were sent."""
    match statement:
        case st.CreateSource(elements=elements, properties=properties):
            columns = f" ({', '.join(map(element, elements))})" if elements else ""
            return f"{_head(statement)}{columns}{_properties(properties)};"
        case st.CreateAsSelect(properties=properties, query=select):
            return f"{_head(statement)}{_properties(properties)} AS {query(select)};"
        case st.Drop(kind, name, if_exists, delete_topic):
            guard, tail = "IF EXISTS " if if_exists else "", " DELETE TOPIC" if delete_topic else ""
            return f"DROP {kind} {guard}{identifier(name)}{tail};"
        case _:
            return statement.text
