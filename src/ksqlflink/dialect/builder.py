"""Parse tree -> statements."""

# Lark calls one method for each rule of the grammar, with these arguments; the rule says what it is.
# ruff: noqa: ARG002, D102

from __future__ import annotations

from typing import Any

from lark import Token, v_args
from lark.tree import Meta

from ksqlflink.dialect import ast
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.errors import PreparationProblem
from ksqlflink.dialect.expressions import ExpressionBuilder, Name, Parts, position_of, unquote


def _words(parts: Parts) -> set[str]:
    return {part.type for part in parts if isinstance(part, Token)}


def _first(parts: Parts, kind: type[Any]) -> Any:
    return next((part for part in parts if isinstance(part, kind)), None)


@v_args(meta=True)
class StatementBuilder(ExpressionBuilder):
    """Builds a statement from its tree; `text` is the request it was parsed from."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _place(self, meta: Meta) -> dict[str, Any]:
        return {"position": position_of(meta), "text": self._text[meta.start_pos : meta.end_pos] + ";"}

    # -- clauses of a query --------------------------------------------------------------------------------

    def select_expression(self, meta: Meta, parts: Parts) -> ast.SelectItem:
        alias = _first(parts[1:], Name)
        return ast.SelectItem(parts[0], None if alias is None else str(alias), position=position_of(meta))

    def select_all(self, meta: Meta, parts: Parts) -> ast.SelectAll:
        source = _first(parts, Name)
        return ast.SelectAll(None if source is None else str(source), position=position_of(meta))

    def aliased(self, meta: Meta, parts: Parts) -> ast.Source:
        names = [str(part) for part in parts if isinstance(part, Name)]
        return ast.Source(names[0], names[-1], position=position_of(meta))

    def unit(self, meta: Meta, parts: Parts) -> str:
        return str(parts[0]).upper().removesuffix("S") + "S"

    def duration(self, meta: Meta, parts: Parts) -> ast.Duration:
        return ast.Duration(int(parts[0]), parts[1], position=position_of(meta))

    def grace(self, meta: Meta, parts: Parts) -> tuple[str, ast.Duration]:
        return "GRACE", parts[-1]

    def within(self, meta: Meta, parts: Parts) -> ast.Within:
        sizes = [part for part in parts if isinstance(part, ast.Duration)]
        grace = _first(parts, tuple)
        return ast.Within(sizes[0], sizes[-1], grace[1] if grace else None, position=position_of(meta))

    def inner_join(self, meta: Meta, parts: Parts) -> str:
        return "INNER"

    def left_join(self, meta: Meta, parts: Parts) -> str:
        return "LEFT"

    def right_join(self, meta: Meta, parts: Parts) -> str:
        return "RIGHT"

    def full_join(self, meta: Meta, parts: Parts) -> str:
        return "FULL"

    def join(self, meta: Meta, parts: Parts) -> ast.Join:
        within = _first(parts, ast.Within)
        source = _first(parts, ast.Source)
        return ast.Join(parts[0], source, within, parts[-1], position=source.position)

    def relation(self, meta: Meta, parts: Parts) -> tuple[ast.Source, tuple[ast.Join, ...]]:
        return parts[0], tuple(parts[1:])

    def where(self, meta: Meta, parts: Parts) -> tuple[str, ast.Expression]:
        return "WHERE", parts[1]

    def emit(self, meta: Meta, parts: Parts) -> tuple[str, str]:
        return "EMIT", parts[1].type

    def window_item(self, meta: Meta, parts: Parts) -> None:
        return None

    def _refused_clause(self, meta: Meta, parts: Parts) -> ast.Clause:
        words = [part.upper() for part in parts if isinstance(part, Token) and part.type != "INTEGER"]
        text = " ".join(self._text[meta.start_pos : meta.end_pos].split())
        return ast.Clause(" ".join(words), text, position=position_of(meta))

    window = group_by = partition_by = having = limit = _refused_clause

    def query(self, meta: Meta, parts: Parts) -> ast.Query:
        items = tuple(part for part in parts if isinstance(part, ast.SelectItem | ast.SelectAll))
        clauses = {part[0]: part[1] for part in parts if isinstance(part, tuple) and isinstance(part[0], str)}
        relation = next(part for part in parts if isinstance(part, tuple) and isinstance(part[0], ast.Source))
        refused = tuple(part for part in parts if isinstance(part, ast.Clause))
        return ast.Query(
            items,
            relation[0],
            relation[1],
            clauses.get("WHERE"),
            clauses.get("EMIT"),
            refused,
            position=position_of(meta),
        )

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
        key = parts[2] if len(parts) > 2 else None
        return st.Element(str(parts[0]), parts[1], key, position=position_of(meta))

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
        words = [part.type for part in parts[:3] if isinstance(part, Token) and part.type.isalpha()]
        return st.Unsupported(" ".join(words), **self._place(meta))

    refused = describe_function = describe_connector = insert_select = insert_values = _unsupported
    pause = resume = explain = define = undefine = _unsupported

    def select(self, meta: Meta, parts: Parts) -> st.SelectStatement:
        return st.SelectStatement(**self._place(meta))

    print = select


def _refuse_duplicates(elements: tuple[st.Element, ...]) -> None:
    names = [element.name for element in elements]
    repeated = dict.fromkeys(f"`{name}`" for name in names if names.count(name) > 1)
    if repeated:
        raise PreparationProblem(f"Duplicate column names: {', '.join(repeated)}")
