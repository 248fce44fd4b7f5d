"""Parse tree -> statements."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: D102, N805

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lark import Token, v_args
from lark.tree import Meta

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.clauses import QueryBuilder, name_in
from ksqlflink.dialect.clauses import first as _first
from ksqlflink.dialect.errors import PreparationProblem, SyntaxProblem
from ksqlflink.dialect.expressions import Name, Parts, is_token, position_of, rule, unquote
from ksqlflink.dialect.types import SqlType


def _words(parts: Parts) -> set[str]:
    return {part.type for part in parts if isinstance(part, Token)}


def _flag(word: str) -> Callable[[Any, Meta, Parts], Any]:
    return rule(lambda _: Token(word, ""))


@v_args(meta=True)
class StatementBuilder(QueryBuilder):
    """Builds a statement from its tree; `text` is the request it was parsed from."""

    def __init__(self, text: str, types: Mapping[str, SqlType] | None = None) -> None:
        super().__init__(types)
        self._text = text

    def placed(self, made: Any, meta: Meta) -> Any:
        """Return what was made with the place of its rule, a statement with its text."""
        if isinstance(made, st.Statement):
            text = self._text[meta.start_pos : meta.end_pos] + ";"
            return replace(made, position=position_of(meta), text=text)
        return super().placed(made, meta)

    # -- statements ----------------------------------------------------------------------------------------

    or_replace, if_not_exists, if_exists, delete_topic, from_beginning = map(
        _flag, ("OR_REPLACE", "IF_NOT_EXISTS", "IF_EXISTS", "DELETE_TOPIC", "FROM_BEGINNING")
    )
    primary_key = rule(lambda _: "PRIMARY KEY")
    stream_key = rule(lambda _: "KEY")

    @rule
    def element(parts: Parts) -> st.Element:
        key = next((part for part in parts[2:] if not isinstance(part, Token)), None)
        header = _first(parts[2:], Token)
        return st.Element(str(parts[0]), parts[1], key, header and str(header))

    @rule
    def header(parts: Parts) -> Token:
        word, *name = parts
        if word.upper() != ("HEADER" if name else "HEADERS"):
            raise SyntaxProblem(word.line, word.column, "")
        return Token("HEADER", f"HEADER({name[0]})" if name else "HEADERS")

    elements = rule(lambda parts: parts)

    def property(self, meta: Meta, parts: Parts) -> tuple[str, ast.Literal]:
        name, value = parts[0], parts[-1]
        name = str(name) if isinstance(name, Name) else unquote(name)
        if isinstance(value, Token):
            return name.upper(), ast.Literal("INTEGER", f"-{value}", position=position_of(meta))
        return name.upper(), value

    with_ = rule(lambda parts: dict(part for part in parts if isinstance(part, tuple)))

    @rule
    def create(parts: Parts) -> st.CreateSource:
        words, elements = _words(parts), tuple(_first(parts, list) or ())
        _refuse_duplicates(elements)
        flags = (flag in words for flag in ("OR_REPLACE", "IF_NOT_EXISTS", "SOURCE"))
        return st.CreateSource(_kind(words), _name(parts), elements, _properties(parts), *flags)

    @rule
    def create_as(parts: Parts) -> st.CreateAsSelect:
        words = _words(parts)
        flags = (flag in words for flag in ("OR_REPLACE", "IF_NOT_EXISTS"))
        return st.CreateAsSelect(_kind(words), _name(parts), _properties(parts), parts[-1], *flags)

    @rule
    def drop(parts: Parts) -> st.Drop:
        words = _words(parts)
        return st.Drop(_kind(words), _name(parts), "IF_EXISTS" in words, "DELETE_TOPIC" in words)

    terminate = rule(lambda parts: st.Terminate(name_in(parts)))
    show_what = rule(lambda parts: " ".join(part.upper() for part in parts))
    show = rule(lambda parts: st.Show(parts[1], "EXTENDED" in _words(parts)))
    describe_all = rule(lambda parts: st.DescribeAll("STREAM", "EXTENDED" in _words(parts)))
    set = rule(lambda parts: st.SetProperty(unquote(parts[1]), unquote(parts[2])))
    unset = rule(lambda parts: st.SetProperty(unquote(parts[1]), None))

    @rule
    def describe_source(parts: Parts) -> st.Describe | st.DescribeAll:
        name, extended = _first(parts, Name), "EXTENDED" in _words(parts)
        return (
            st.DescribeAll("TABLE", extended) if name.word == "TABLES" else st.Describe(str(name), extended)
        )

    @rule
    def refused(parts: Parts) -> st.Unsupported:
        words = [part.type for part in parts[:3] if isinstance(part, Token) and part.type != "STRING"]
        return st.Unsupported(" ".join(words))

    # -- inserts and queries -------------------------------------------------------------------------------

    values = rule(lambda parts: tuple(part for part in parts if not isinstance(part, Token)))
    select = rule(lambda parts: st.SelectStatement(parts[0]))

    @rule
    def insert_values(parts: Parts) -> st.InsertValues:
        target, *columns = [str(part) for part in parts if isinstance(part, Name)]
        return st.InsertValues(target, tuple(columns), parts[-1])

    insert_select = rule(lambda parts: st.InsertSelect(_name(parts), _properties(parts), parts[-1]))
    sample = rule(lambda parts: ("SAMPLE", int(parts[1])))
    print_limit = rule(lambda parts: ("LIMIT", int(parts[1])))

    @rule
    def print(parts: Parts) -> st.Print:
        options: dict[str, int] = dict(part for part in parts if isinstance(part, tuple))
        interval, limit = options.get("SAMPLE", 1), options.get("LIMIT")
        return st.Print(_raw(parts[1]), "FROM_BEGINNING" in _words(parts), interval, limit)

    def explain(self, meta: Meta, parts: Parts) -> Any:
        what = parts[1]
        if isinstance(what, Name):
            return self.placed(st.Explain(str(what), None), meta)
        if isinstance(what, ast.Query):
            # The query begins where EXPLAIN and the blanks after it end.
            text = self._text[meta.start_pos : meta.end_pos][len(str(parts[0])) :].lstrip() + ";"
            what = st.SelectStatement(what, position=what.position, text=text)
        return self.placed(st.Explain(None, what), meta)

    # -- other statements ----------------------------------------------------------------------------------

    pause = rule(lambda parts: st.Pause(name_in(parts)))
    resume = rule(lambda parts: st.Resume(name_in(parts)))
    describe_function = rule(lambda parts: st.DescribeFunction(_raw(parts[-1])))
    describe_connector = rule(lambda parts: st.DescribeConnector(str(parts[-1])))
    define = rule(lambda parts: st.Define(_raw(parts[1]), unquote(parts[2])))
    undefine = rule(lambda parts: st.Undefine(_raw(parts[1])))

    @rule
    def assert_option(parts: Parts) -> tuple[str, Any]:
        name, value, *unit = parts
        if not isinstance(value, Token) or value.type == "STRING":
            return name.upper(), _raw(value)
        return name.upper(), ast.Duration(int(value), unit[0]) if unit else int(value)

    @rule
    def assert_topic(parts: Parts) -> st.AssertTopic:
        options = _assert_options(parts, ("TIMEOUT",))
        topic = next(part for part in parts if isinstance(part, Name) or is_token(part, "STRING"))
        exists = "NOT" not in _words(parts)
        return st.AssertTopic(_raw(topic), _properties(parts), options.get("TIMEOUT"), exists)

    @rule
    def assert_schema(parts: Parts) -> st.AssertSchema:
        kind = next(part for part in parts if is_token(part, "IDENT"))
        if kind.upper() != "SCHEMA":
            raise PreparationProblem(f"{position_of(kind)}: ASSERT {kind} is not supported by ksqlflink")
        options = _assert_options(parts, ("SUBJECT", "ID", "TIMEOUT"))
        subject, schema_id, timeout = (options.get(name) for name in ("SUBJECT", "ID", "TIMEOUT"))
        return st.AssertSchema(subject, schema_id, timeout, "NOT" not in _words(parts))

    def connector_property(self, meta: Meta, parts: Parts) -> tuple[str, str, ast.Literal]:
        name, value = parts
        shown = self._text[meta.start_pos : meta.end_pos].split("=")[0].strip()
        return _raw(name), shown, value

    connector_with = rule(lambda parts: tuple(part for part in parts if isinstance(part, tuple)))

    @rule
    def create_connector(parts: Parts) -> st.CreateConnector:
        words, name = _words(parts), _first(parts, Name)
        kind = "SOURCE" if "SOURCE" in words else "SINK"
        return st.CreateConnector(kind, str(name), parts[-1], "IF_NOT_EXISTS" in words, name.token_text)

    drop_connector = rule(lambda parts: st.DropConnector(str(parts[-1]), "IF_EXISTS" in _words(parts)))

    def create_type(self, meta: Meta, parts: Parts) -> Any:
        name = _name(parts)
        # Later statements of the same request may name it.
        self.types.setdefault(name, parts[-1])
        return self.placed(st.CreateType(name, parts[-1], "IF_NOT_EXISTS" in _words(parts)), meta)

    drop_type = rule(lambda parts: st.DropType(str(parts[-1]), "IF_EXISTS" in _words(parts)))


def _raw(part: Any) -> str:
    """Return a name in the case it was written in, or the text of a string."""
    return part.raw if isinstance(part, Name) else unquote(part)


def _name(parts: Parts) -> str:
    return str(_first(parts, Name))


def _kind(words: set[str]) -> str:
    return "STREAM" if "STREAM" in words else "TABLE"


def _properties(parts: Parts) -> st.Properties:
    return tuple(sorted((_first(parts, dict) or {}).items()))


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
