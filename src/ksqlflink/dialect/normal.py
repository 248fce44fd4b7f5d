"""One text for all statements that define the same stream, to tell a changed definition from the same one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.columns import map_columns
from ksqlflink.dialect.formatter import format_statement
from ksqlflink.dialect.parser import parse

# A server writes these into the statement from the topic it found or made; they describe that topic.
_TOPIC_PROPERTIES = frozenset({"CLEANUP_POLICY", "PARTITIONS", "REPLICAS", "RETENTION_MS"})
_FORMATS = frozenset({"FORMAT", "KEY_FORMAT", "VALUE_FORMAT"})


def normalize(sql: str) -> str:
    """Return the canonical text of every statement in `sql`, one after the other.

    What a server fills in, or what guards the statement without being part of the definition, is left out:
    IF NOT EXISTS, OR REPLACE, topic properties, default formats and names, EMIT CHANGES. Comments, case,
    order of WITH properties and white space do not matter. Raises DialectError.
    """
    return "\n".join(format_statement(_normal(statement)) for statement in parse(sql))


def _normal(statement: st.Statement) -> st.Statement:
    match statement:
        case st.CreateSource():
            properties = _properties(statement.properties, statement.name)
            return replace(statement, properties=properties, or_replace=False, if_not_exists=False)
        case st.CreateAsSelect():
            properties = _properties(statement.properties, statement.name)
            query = _query(statement.query)
            return replace(
                statement, properties=properties, query=query, or_replace=False, if_not_exists=False
            )
        case _:
            return statement


def _properties(properties: st.Properties, name: str) -> st.Properties:
    kept = {key: value for key, value in properties if key not in _TOPIC_PROPERTIES}
    for key in _FORMATS & kept.keys():
        kept[key] = replace(kept[key], text=kept[key].text.upper())
    if "FORMAT" in kept:
        both = kept.pop("FORMAT")
        kept |= {"KEY_FORMAT": both, "VALUE_FORMAT": both}
    kept.setdefault("KAFKA_TOPIC", ast.Literal("STRING", name))
    kept.setdefault("KEY_FORMAT", ast.Literal("STRING", "KAFKA"))
    return tuple(sorted(kept.items()))


def _query(query: ast.Query) -> ast.Query:
    if not query.joins:
        query = map_columns(query, partial(_qualified, query.source.alias))
    generated = count()
    items = tuple(_item(item, generated) for item in query.items)
    return replace(query, items=items, emit=query.emit or "CHANGES")


def _qualified(alias: str, column: ast.Column) -> ast.Column:
    return column if column.source is not None else replace(column, source=alias)


def _item(item: ast.Selected, generated: Iterator[int]) -> ast.Selected:
    """Return a selected item with the name a server gives it, as far as the statement alone tells it."""
    if not isinstance(item, ast.SelectItem) or item.alias is not None:
        return item
    expression = item.expression
    if isinstance(expression, ast.Column | ast.Dereference):
        return replace(item, alias=expression.name)
    return replace(item, alias=f"KSQL_COL_{next(generated)}")
