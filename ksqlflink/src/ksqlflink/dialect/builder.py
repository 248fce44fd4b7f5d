"""Parse tree -> statements."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: ARG002, D102

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lark import Token, v_args
from lark.tree import Meta

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.clauses import QueryBuilder
from ksqlflink.dialect.clauses import first as _first
from ksqlflink.dialect.errors import PreparationProblem, SyntaxProblem
from ksqlflink.dialect.expressions import Name, Parts, position_of, unquote
from ksqlflink.dialect.types import SqlType


def _words(parts: Parts) -> set[str]:
    return {part.type for part in parts if isinstance(part, Token)}


@v_args(meta=True)
class StatementBuilder(QueryBuilder):
    """Builds a statement from its tree; `text` is the request it was parsed from."""

    def __init__(self, text: str, types: Mapping[str, SqlType] | None = None) -> None:
        super().__init__(types)
        self._text = text

    def _place(self, meta: Meta) -> dict[str, Any]:
        return {"position": position_of(meta), "text": self._text[meta.start_pos : meta.end_pos] + ";"}

    # -- statements ----------------------------------------------------------------------------------------

    def or_replace(self, meta: Meta, parts: Parts) -> Token:
        return Token("OR_REPLACE", "")

    def if_not_exists(self, meta: Meta, parts: Parts) -> Token:
        return Token("IF_NOT_EXISTS", "")

    def if_exists(self, meta: Meta, parts: Parts) -> Token:
        return Token("IF_EXISTS", "")

    def delete_topic(self, meta: Meta, parts: Parts) -> Token:
        return Token("DELETE_TOPIC", "")

    def primary_key(self, meta: Meta, parts: Parts) -> str:
        return "PRIMARY KEY"

    def stream_key(self, meta: Meta, parts: Parts) -> str:
        return "KEY"

    def element(self, meta: Meta, parts: Parts) -> st.Element:
        key = next((part for part in parts[2:] if not isinstance(part, Token)), None)
        header = _first(parts[2:], Token)
        return st.Element(str(parts[0]), parts[1], key, header and str(header), position=position_of(meta))

    def header(self, meta: Meta, parts: Parts) -> Token:
        word, *name = parts
        if word.upper() != ("HEADER" if name else "HEADERS"):
            raise SyntaxProblem(word.line, word.column, "")
        return Token("HEADER", f"HEADER({name[0]})" if name else "HEADERS")

    def elements(self, meta: Meta, parts: Parts) -> list[st.Element]:
        return parts

    def property(self, meta: Meta, parts: Parts) -> tuple[str, ast.Literal]:
        name, value = parts[0], parts[-1]
        name = str(name) if isinstance(name, Name) else unquote(name)
        if isinstance(value, Token):
            return name.upper(), ast.Literal("INTEGER", f"-{value}", position=position_of(meta))
        return name.upper(), value

    def with_(self, meta: Meta, parts: Parts) -> dict[str, ast.Literal]:
        return dict(part for part in parts if isinstance(part, tuple))

    def create(self, meta: Meta, parts: Parts) -> st.CreateSource:
        words = _words(parts)
        elements = tuple(_first(parts, list) or ())
        _refuse_duplicates(elements)
        return st.CreateSource(
            "STREAM" if "STREAM" in words else "TABLE",
            str(_first(parts, Name)),
            elements,
            tuple(sorted((_first(parts, dict) or {}).items())),
            "OR_REPLACE" in words,
            "IF_NOT_EXISTS" in words,
            "SOURCE" in words,
            **self._place(meta),
        )

    def create_as(self, meta: Meta, parts: Parts) -> st.CreateAsSelect:
        words = _words(parts)
        return st.CreateAsSelect(
            "STREAM" if "STREAM" in words else "TABLE",
            str(_first(parts, Name)),
            tuple(sorted((_first(parts, dict) or {}).items())),
            parts[-1],
            "OR_REPLACE" in words,
            "IF_NOT_EXISTS" in words,
            **self._place(meta),
        )

    def drop(self, meta: Meta, parts: Parts) -> st.Drop:
        words = _words(parts)
        kind = "STREAM" if "STREAM" in words else "TABLE"
        name = str(_first(parts, Name))
        return st.Drop(kind, name, "IF_EXISTS" in words, "DELETE_TOPIC" in words, **self._place(meta))

    def terminate(self, meta: Meta, parts: Parts) -> st.Terminate:
        name = _first(parts, Name)
        return st.Terminate(None if name is None else str(name), **self._place(meta))

    def show_what(self, meta: Meta, parts: Parts) -> str:
        return " ".join(part.upper() for part in parts)

    def show(self, meta: Meta, parts: Parts) -> st.Show:
        return st.Show(parts[1], "EXTENDED" in _words(parts), **self._place(meta))

    def describe_source(self, meta: Meta, parts: Parts) -> st.Describe | st.DescribeAll:
        name, extended = _first(parts, Name), "EXTENDED" in _words(parts)
        if name.word == "TABLES":
            return st.DescribeAll("TABLE", extended, **self._place(meta))
        return st.Describe(str(name), extended, **self._place(meta))

    def describe_all(self, meta: Meta, parts: Parts) -> st.DescribeAll:
        return st.DescribeAll("STREAM", "EXTENDED" in _words(parts), **self._place(meta))

    def set(self, meta: Meta, parts: Parts) -> st.SetProperty:
        return st.SetProperty(unquote(parts[1]), unquote(parts[2]), **self._place(meta))

    def unset(self, meta: Meta, parts: Parts) -> st.SetProperty:
        return st.SetProperty(unquote(parts[1]), None, **self._place(meta))

    def _unsupported(self, meta: Meta, parts: Parts) -> st.Unsupported:
        words = [part.type for part in parts[:3] if isinstance(part, Token) and part.type != "STRING"]
        return st.Unsupported(" ".join(words), **self._place(meta))

    refused = _unsupported

    # -- inserts and queries -------------------------------------------------------------------------------

    def values(self, meta: Meta, parts: Parts) -> tuple[ast.Expression, ...]:
        return tuple(part for part in parts if not isinstance(part, Token))

    def insert_values(self, meta: Meta, parts: Parts) -> st.InsertValues:
        target, *columns = [part for part in parts if isinstance(part, Name)]
        names = tuple(str(column) for column in columns)
        return st.InsertValues(str(target), names, parts[-1], **self._place(meta))

    def insert_select(self, meta: Meta, parts: Parts) -> st.InsertSelect:
        target = _first(parts, Name)
        properties = tuple(sorted((_first(parts, dict) or {}).items()))
        return st.InsertSelect(str(target), properties, parts[-1], target.position, **self._place(meta))

    def select(self, meta: Meta, parts: Parts) -> st.SelectStatement:
        return st.SelectStatement(parts[0], **self._place(meta))

    def from_beginning(self, meta: Meta, parts: Parts) -> Token:
        return Token("FROM_BEGINNING", "")

    def sample(self, meta: Meta, parts: Parts) -> tuple[str, int]:
        return "SAMPLE", int(parts[1])

    def print_limit(self, meta: Meta, parts: Parts) -> tuple[str, int]:
        return "LIMIT", int(parts[1])

    def print(self, meta: Meta, parts: Parts) -> st.Print:
        options: dict[str, int] = dict(part for part in parts if isinstance(part, tuple))
        from_beginning = "FROM_BEGINNING" in _words(parts)
        topic, limit, interval = _raw(parts[1]), options.get("LIMIT"), options.get("SAMPLE", 1)
        return st.Print(topic, from_beginning, interval, limit, **self._place(meta))

    def explain(self, meta: Meta, parts: Parts) -> st.Explain:
        what = parts[1]
        if isinstance(what, Name):
            return st.Explain(str(what), None, **self._place(meta))
        if isinstance(what, ast.Query):
            # The query begins where EXPLAIN and the blanks after it end.
            text = self._text[meta.start_pos : meta.end_pos][len(str(parts[0])) :].lstrip() + ";"
            what = st.SelectStatement(what, position=what.position, text=text)
        return st.Explain(None, what, **self._place(meta))

    # -- other statements ----------------------------------------------------------------------------------

    def pause(self, meta: Meta, parts: Parts) -> st.Pause:
        return st.Pause(_query_id(parts), **self._place(meta))

    def resume(self, meta: Meta, parts: Parts) -> st.Resume:
        return st.Resume(_query_id(parts), **self._place(meta))

    def describe_function(self, meta: Meta, parts: Parts) -> st.DescribeFunction:
        return st.DescribeFunction(_raw(parts[-1]), **self._place(meta))

    def describe_connector(self, meta: Meta, parts: Parts) -> st.DescribeConnector:
        return st.DescribeConnector(str(parts[-1]), **self._place(meta))

    def define(self, meta: Meta, parts: Parts) -> st.Define:
        return st.Define(_raw(parts[1]), unquote(parts[2]), **self._place(meta))

    def undefine(self, meta: Meta, parts: Parts) -> st.Undefine:
        return st.Undefine(_raw(parts[1]), **self._place(meta))

    def assert_option(self, meta: Meta, parts: Parts) -> tuple[str, Any]:
        name, value, *unit = parts
        if not isinstance(value, Token) or value.type == "STRING":
            return name.upper(), _raw(value)
        return name.upper(), ast.Duration(int(value), unit[0]) if unit else int(value)

    def assert_topic(self, meta: Meta, parts: Parts) -> st.AssertTopic:
        options = _assert_options(parts, ("TIMEOUT",))
        topic = next(part for part in parts if isinstance(part, Name) or _is_string(part))
        properties = tuple(sorted((_first(parts, dict) or {}).items()))
        exists = "NOT" not in _words(parts)
        return st.AssertTopic(_raw(topic), properties, options.get("TIMEOUT"), exists, **self._place(meta))

    def assert_schema(self, meta: Meta, parts: Parts) -> st.AssertSchema:
        kind = next(part for part in parts if isinstance(part, Token) and part.type == "IDENT")
        if kind.upper() != "SCHEMA":
            raise PreparationProblem(f"{position_of(kind)}: ASSERT {kind} is not supported by ksqlflink")
        options = _assert_options(parts, ("SUBJECT", "ID", "TIMEOUT"))
        subject, schema_id, timeout = (options.get(name) for name in ("SUBJECT", "ID", "TIMEOUT"))
        exists = "NOT" not in _words(parts)
        return st.AssertSchema(subject, schema_id, timeout, exists, **self._place(meta))

    def connector_property(self, meta: Meta, parts: Parts) -> tuple[str, str, ast.Literal]:
        name, value = parts
        shown = self._text[meta.start_pos : meta.end_pos].split("=")[0].strip()
        return _raw(name), shown, value

    def connector_with(self, meta: Meta, parts: Parts) -> list[tuple[str, str, ast.Literal]]:
        return [part for part in parts if isinstance(part, tuple)]

    def create_connector(self, meta: Meta, parts: Parts) -> st.CreateConnector:
        words, name = _words(parts), _first(parts, Name)
        kind = "SOURCE" if "SOURCE" in words else "SINK"
        properties = tuple(parts[-1])
        return st.CreateConnector(
            kind, str(name), properties, "IF_NOT_EXISTS" in words, name.token_text, **self._place(meta)
        )

    def drop_connector(self, meta: Meta, parts: Parts) -> st.DropConnector:
        return st.DropConnector(str(parts[-1]), "IF_EXISTS" in _words(parts), **self._place(meta))

    def create_type(self, meta: Meta, parts: Parts) -> st.CreateType:
        name = str(_first(parts, Name))
        # Later statements of the same request may name it.
        self.types.setdefault(name, parts[-1])
        return st.CreateType(name, parts[-1], "IF_NOT_EXISTS" in _words(parts), **self._place(meta))

    def drop_type(self, meta: Meta, parts: Parts) -> st.DropType:
        return st.DropType(str(parts[-1]), "IF_EXISTS" in _words(parts), **self._place(meta))


def _raw(part: Any) -> str:
    """Return a name in the case it was written in, or the text of a string."""
    return part.raw if isinstance(part, Name) else unquote(part)


def _is_string(part: Any) -> bool:
    return isinstance(part, Token) and part.type == "STRING"


def _query_id(parts: Parts) -> str | None:
    name = _first(parts, Name)
    return None if name is None else str(name)


def _assert_options(parts: Parts, known: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = dict(part for part in parts if isinstance(part, tuple))
    for name in options:
        if name not in known:
            raise PreparationProblem(f"ASSERT with {name} is not supported by ksqlflink")
    return options


def _refuse_duplicates(elements: tuple[st.Element, ...]) -> None:
    names = [element.name for element in elements]
    repeated = dict.fromkeys(f"`{name}`" for name in names if names.count(name) > 1)
    if repeated:
        raise PreparationProblem(f"Duplicate column names: {', '.join(repeated)}")
