"""Checks CREATE statements one after the other before any server is asked: names, columns, types, functions.

This is what another program may ask of the engine: it imports no server, and runs none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from ksqlflink.analysis import SCHEMA_ERROR, Context, analyze, qualify
from ksqlflink.analysis.functions import functions
from ksqlflink.analysis.row import WINDOW_BOUNDS
from ksqlflink.catalogue.model import DataSource
from ksqlflink.dialect import ast, format_statement
from ksqlflink.dialect.formatter import identifier
from ksqlflink.dialect.statements import CreateAsSelect, CreateSource
from ksqlflink.errors import KsqlError, NotSupported
from ksqlflink.serde.formats import key_schema, value_schema
from ksqlflink.statements.definitions import (
    check_keys,
    check_kind,
    check_source,
    check_timestamp,
    sink_source,
    source_of,
    with_columns,
)
from ksqlflink.statements.properties import check, check_both_formats, get, with_formats

_PLACE = re.compile(r"Line: (\d+), Col: (\d+): ")
_PREFIXES = (SCHEMA_ERROR, "Exception while preparing statement: ", "Failed to prepare statement: ")
_UNKNOWN_COLUMN = re.compile(r"column '(?:[^']*\.)?([^'.]+)' cannot be resolved")
_REFUSED_FUNCTION = re.compile(r"(?:Can't find any functions with the name|Function) '([^']+)'")
# ksqlDB converts more literals than this analysis knows of, and its functions take more types.
_UNCERTAIN = re.compile(
    r"operator does not exist: (?:ARRAY|MAP|STRUCT)|^Function '[^']+' does not accept parameters"
)

# Calls that the analysis knows without listing them as functions.
_CONSTRUCTS = ("AS_VALUE", "EXPLODE")


class Refused(Exception):
    """What ksqlDB would not accept: why, where in the text, and what was perhaps meant."""

    def __init__(self, reason: str, position: ast.Position, meant: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.position, self.meant = reason, position, meant


class NotChecked(Exception):
    """Nothing can be said of a statement; a ksqlDB server may well accept it."""


class Unknowable(NotChecked):
    """Nothing is wrong with the statement as far as can be seen; the rest is in a registry."""


class StatementChecker:
    """Remembers what the statements so far define.

    `schemas` are Avro schemas by subject, `partitions` those of the topics by name.
    """

    def __init__(self, schemas: Mapping[str, str], partitions: Mapping[str, int]) -> None:
        self._schemas, self._partitions = dict(schemas), partitions
        self._sources: dict[str, DataSource | None] = {}

    def check(self, statement: CreateSource | CreateAsSelect) -> None:
        """Check the next statement; raises Refused or NotChecked.

        What cannot be checked may be read by later statements, which then cannot be checked either.
        """
        if statement.name in self._sources:
            raise Refused(f"{statement.name} is created by an earlier statement already", statement.position)
        self._sources[statement.name] = None
        try:
            if isinstance(statement, CreateSource):
                self._sources[statement.name] = self._source(statement)
            else:
                self._sources[statement.name] = self._sink(statement)
        except NotSupported as error:
            raise NotChecked(_bare(error.message)) from error
        except KsqlError as error:
            raise self._problem(statement, error.message) from error

    def _source(self, statement: CreateSource) -> DataSource:
        check(statement)
        check_keys(statement)
        if get(statement, "VALUE_FORMAT") is None and get(statement, "FORMAT") is None:
            raise NotChecked("it names no VALUE_FORMAT, which only a server's own default can give it")
        statement = with_columns(with_formats(statement), self._latest)
        source = source_of(statement)
        check_source(source, statement)
        check_timestamp(source, source.statement)
        return source

    def _sink(self, statement: CreateAsSelect) -> DataSource:
        check(statement)
        check_both_formats(statement)
        inputs = self._inputs(statement.query)
        query = qualify(statement.query, inputs, statement.text)
        statement = replace(statement, query=replace(query, emit=query.emit or "CHANGES"))
        shown = format_statement(statement)
        partitions = {alias: self._partitions.get(source.topic, 1) for alias, source in inputs.items()}
        analysis = analyze(
            Context(statement.query, inputs, partitions, statement.name, statement.text, shown, SCHEMA_ERROR)
        )
        sink = sink_source(statement, analysis, get(statement, "KAFKA_TOPIC") or statement.name, shown)
        check_kind(statement, analysis, shown)
        self._register(sink)
        return sink

    def _latest(self, subject: str) -> str:
        if subject not in self._schemas:
            raise Unknowable(f"its columns are in the subject {subject}, whose schema is not at hand")
        return self._schemas[subject]

    def _register(self, sink: DataSource) -> None:
        """A server registers the schemas of what it writes, for statements over that topic to find."""
        for what, schema in (("value", value_schema(sink)), ("key", key_schema(sink))):
            if schema is not None:
                self._schemas.setdefault(f"{sink.topic}-{what}", schema)

    def _inputs(self, query: ast.Query) -> Mapping[str, DataSource]:
        found: dict[str, DataSource] = {}
        for used in query.sources:
            if used.name not in self._sources:
                meant = _closest(used.name, self._sources)
                raise Refused(f"{used.name} does not exist", used.position, meant)
            source = self._sources[used.name]
            if source is None:
                raise Unknowable(f"it reads {used.name}, which could not be checked")
            found[used.alias] = source
        return found

    def _problem(self, statement: CreateSource | CreateAsSelect, message: str) -> Refused | NotChecked:
        """Return what is wrong as precisely as the message tells it, or that it may be right all the same."""
        reason, place = _bare(message), _PLACE.search(message)
        if isinstance(statement, CreateSource):
            return Refused(
                reason, ast.Position(int(place[1]), int(place[2])) if place else statement.position
            )
        unknown = next((call for call in _calls(statement.query) if call.name not in _known()), None)
        if unknown is not None:
            return _unknown_function(unknown)
        position = ast.Position(int(place[1]), int(place[2])) if place else _place(statement, reason)
        column = _UNKNOWN_COLUMN.search(reason)
        if _UNCERTAIN.search(reason) or (column is not None and column[1] in WINDOW_BOUNDS):
            return NotChecked(f"line {position.line}, column {position.column}: {reason}")
        if column is None:
            return Refused(reason, position)
        sources = self._inputs(statement.query).values()
        return Refused(
            reason,
            position,
            _closest(column[1], (each.name for source in sources for each in source.columns)),
        )


def _known() -> set[str]:
    return {*functions(), *_CONSTRUCTS}


def _unknown_function(call: ast.Call) -> NotChecked:
    """A server may have functions of its own, so an unknown one is no mistake for certain."""
    meant = _closest(call.name, _known())
    hint = f"; did you mean {meant}?" if meant else ""
    at = call.position
    return NotChecked(f"line {at.line}, column {at.column}: the function {call.name} is not known{hint}")


def _place(statement: CreateAsSelect, reason: str) -> ast.Position:
    """Return where a message without a place points to: a function's call, a clause, or the statement."""
    function = _REFUSED_FUNCTION.search(reason)
    if function is not None:
        calls = (call.position for call in _calls(statement.query) if call.name == function[1].upper())
        return next(calls, statement.position)
    for clause, node in (("WHERE", statement.query.where), ("HAVING", statement.query.having)):
        if node is not None and f"Error in {clause} expression" in reason:
            return node.position
    return statement.position


def _calls(node: Any) -> Iterator[ast.Call]:
    if isinstance(node, ast.Call):
        yield node
    parts = node if isinstance(node, tuple) else ()
    if isinstance(node, ast.Node):
        parts = tuple(getattr(node, item.name) for item in fields(node))
    for part in parts:
        yield from _calls(part)


def _bare(message: str) -> str:
    """Return a server's message without what it says of the statement and the place."""
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    message = _PLACE.sub("", message).partition("\nStatement: ")[0].partition("\nFor detailed ")[0]
    return " ".join(message.split()).rstrip(".")


def _closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was perhaps meant, as it has to be written."""
    spelled = {each.upper(): each for each in known}
    found = difflib.get_close_matches(name.upper(), spelled, n=1)
    return identifier(spelled[found[0]]) if found else None
