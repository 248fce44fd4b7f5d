"""Prepares and runs the queries of the query endpoints."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ksqlflink.analysis.typed import Json
from ksqlflink.catalogue.model import Column, DataSource, Query
from ksqlflink.dialect import DialectError, SyntaxProblem, parse
from ksqlflink.dialect import statements as st
from ksqlflink.dialect.formatter import expression
from ksqlflink.errors import BadRequest, BadStatement, TooManyQueries, not_supported
from ksqlflink.results.printing import Printed
from ksqlflink.results.pull import Projection, StreamPull, TablePull, wanted_keys
from ksqlflink.results.push import PushQuery
from ksqlflink.results.rows import Header, Results
from ksqlflink.results.runs import Runner
from ksqlflink.results.views import Views
from ksqlflink.statements.create_query import analyze_transient
from ksqlflink.statements.drops import is_insert
from ksqlflink.statements.explain import transient_id
from ksqlflink.statements.inserts_stream import RowInserter
from ksqlflink.statements.properties import check_streams_properties
from ksqlflink.statements.pushes import MAX_PUSH_QUERIES, RunningPush
from ksqlflink.statements.requests import check_sequence
from ksqlflink.statements.server_properties import PULL_TABLE_SCAN
from ksqlflink.statements.variables import substitute
from ksqlflink.statements.world import World

_NOT_QUERYABLE = (
    "The `{name}` table isn't queryable. To derive a queryable table, you can do 'CREATE TABLE "
    "QUERYABLE_{name} AS SELECT * FROM {name}'. See https://cnfl.io/queries for more info.\n"
    "Add EMIT CHANGES if you intended to issue a push query."
)
_HELP = (
    "See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.\n"
    "Pull queries require a WHERE clause that:\n - includes a key equality expression, e.g. `SELECT * FROM X "
    "WHERE <key-column>=Y;`.\n - in the case of a multi-column key, is a conjunction of equality expressions "
    "that cover all key columns."
)
_WINDOW_HELP = (
    "\n - (optionally) limits the time bounds of the windowed table.\n\t Bounds on [`WINDOWSTART`, "
    "`WINDOWEND`] are supported\n\t Supported operators are [EQUAL, GREATER_THAN, GREATER_THAN_OR_EQUAL, "
    "LESS_THAN, LESS_THAN_OR_EQUAL]"
)
_SCAN_HELP = (
    f"If more flexible queries are needed, table scans can be enabled by setting {PULL_TABLE_SCAN}=true."
)
QueryStatement = st.SelectStatement | st.Print


class NotAQuery(Exception):
    """A statement that is neither a query nor a PRINT."""


@dataclass
class QueryService:
    """Runs SELECT and PRINT; push queries are known by their id until they end.

    Of those and of PRINTs there are never more than `max_pushes` at once.
    """

    world: World
    runner: Runner
    max_pushes: int = MAX_PUSH_QUERIES
    views: Views = field(init=False)
    _running: dict[str, PushQuery] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.views = Views(self.world)
        self._places = threading.BoundedSemaphore(self.max_pushes)

    # -- before a query runs -------------------------------------------------------------------------------

    def check_sequence(self, sequence: int | None) -> None:
        """Raise SequenceTimeout when a command has not been executed."""
        check_sequence(self.world, sequence)

    def prepare(self, text: str, variables: Mapping[str, str], with_cause: bool) -> QueryStatement:
        """Return the one query of a text; NotAQuery, or BadStatement when it is not ksqlDB SQL.

        `with_cause` says whether the error repeats where the syntax is wrong, as one of the endpoints does.
        """
        statements = self._parsed(text, variables, with_cause)
        if len(statements) != 1:
            found = len(statements)
            raise BadRequest(f"Expected exactly one KSQL statement; found {found} instead")
        (statement,) = statements
        if not isinstance(statement, st.SelectStatement | st.Print):
            raise NotAQuery(statement.text)
        if isinstance(statement, st.SelectStatement):
            self._check_sources(statement)
        return statement

    def _parsed(self, text: str, variables: Mapping[str, str], with_cause: bool) -> tuple[st.Statement, ...]:
        session = {name.lower(): value for name, value in variables.items()}
        try:
            return parse(substitute(text, session), self.world.catalogue.types())
        except SyntaxProblem as problem:
            place = problem.message.split(": Syntax Error")[0]
            cause = f"\nCaused by: {place}: Syntax error at {place}" if with_cause else ""
            raise BadStatement(f"{problem.message}\nStatement: {text}{cause}", text) from problem
        except DialectError as problem:
            raise BadStatement(problem.message, text) from problem

    def _check_sources(self, statement: st.SelectStatement) -> None:
        for used in statement.query.sources:
            if self.world.catalogue.source(used.name) is None:
                raise BadStatement(
                    f"Exception while preparing statement: {used.name} does not exist.", statement.text
                )

    # -- running -------------------------------------------------------------------------------------------

    def printed(self, statement: st.Print) -> Printed:
        """Return the lines of a PRINT."""
        with self._place():
            lines = Printed(self.world, statement, self._places.release)
            lines.open()
        return lines

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Take a place among the queries that run at once; it is given back if what comes then fails."""
        if not self._places.acquire(blocking=False):
            raise TooManyQueries("Maximum number of push queries exceeded")
        try:
            yield
        except BaseException:
            self._places.release()
            raise

    def run(self, statement: st.SelectStatement, properties: Mapping[str, Any]) -> Results:
        """Return the rows of a query."""
        check_streams_properties(properties, statement.text)
        if statement.query.emit is not None:
            with self._place():
                return self._push(statement, properties)
        source = self._single_source(statement)
        if source.kind == "TABLE":
            return self._pull_table(statement, source, properties)
        return self._pull_stream(statement)

    def _single_source(self, statement: st.SelectStatement) -> DataSource:
        if statement.query.joins:
            raise BadStatement(
                "Pull queries don't support JOIN clauses. See https://cnfl.io/queries for more info.\n"
                "Add EMIT CHANGES if you intended to issue a push query.",
                statement.text,
            )
        source = self.world.catalogue.source(statement.query.source.name)
        if source is None:
            raise BadStatement("The source has just been dropped.", statement.text)
        for name, found in _clauses(statement):
            if found:
                raise BadStatement(
                    f"Pull queries don't support {name} clauses. See https://cnfl.io/queries for more info.\n"
                    "Add EMIT CHANGES if you intended to issue a push query.",
                    statement.text,
                )
        return source

    def _pull_table(
        self, statement: st.SelectStatement, source: DataSource, properties: Mapping[str, Any]
    ) -> TablePull:
        query = self._materialising(source)
        if query is None:
            raise BadStatement(_NOT_QUERYABLE.format(name=source.name), statement.text)
        analysis = analyze_transient(statement, self.world)
        where = analysis.plan()["where"]
        if str(properties.get(PULL_TABLE_SCAN, True)).lower() == "false":
            self._check_key(statement, where, source)
        return TablePull(Projection.of(analysis), where, query.id, self.views)

    @staticmethod
    def _check_key(statement: st.SelectStatement, where: Json | None, source: DataSource) -> None:
        """Refuse a query that does not name its keys, when scanning the table is not allowed."""
        alias = statement.query.source.alias
        if wanted_keys(where, alias, source) is not None:
            return
        missing = "Missing WHERE clause"
        if statement.query.where is not None:
            missing = f"WHERE clause missing key column for disjunct: {expression(statement.query.where)}"
        bounds = _WINDOW_HELP if source.window_type is not None else ""
        raise BadStatement(f"{missing}. {_HELP}{bounds}\n\n{_SCAN_HELP}", statement.text)

    def _materialising(self, source: DataSource) -> Query | None:
        queries = self.world.catalogue.queries()
        return next((q for q in queries if q.sink == source.name and not is_insert(q)), None)

    def _pull_stream(self, statement: st.SelectStatement) -> StreamPull:
        analysis = analyze_transient(statement, self.world)
        if not analysis.stateless or "explode" in analysis.operation:
            raise not_supported("This pull query on a stream", statement.position, statement.text)
        return StreamPull(Projection.of(analysis), self.world)

    def _push(self, statement: st.SelectStatement, properties: Mapping[str, Any]) -> PushQuery:
        query_id = transient_id(statement.query.source.alias)
        analysis = analyze_transient(statement, self.world)
        header = Header(query_id, tuple(Column(column.name, column.type) for column in analysis.columns))
        run = self.runner.open(query_id, analysis, self.world, properties)
        push = PushQuery(header, statement.text, analysis.limit, run, ended=lambda: self._end(query_id))
        with self._lock:
            self._running[query_id] = push
        return push

    def _end(self, query_id: str) -> None:
        with self._lock:
            self._running.pop(query_id, None)
        self._places.release()

    def running(self) -> Sequence[RunningPush]:
        """Return the push queries."""
        with self._lock:
            return [RunningPush(query_id, push.text) for query_id, push in self._running.items()]

    def terminate(self, query_id: str) -> RunningPush | None:
        """End the push query of that id, whatever the case of the id; None when there is none."""
        named = [push for push in self.running() if push.id.upper() == query_id.upper()]
        for push in named:
            self.close_query(push.id)
        return named[0] if named else None

    def close_query(self, query_id: str) -> None:
        """End a push query; BadRequest when there is none of that id."""
        with self._lock:
            push = self._running.pop(query_id, None)
        if push is None:
            raise BadRequest(f"No query with id {query_id}")
        push.stop()

    def inserter(self, line: str) -> RowInserter:
        """Return what writes the rows of a request to /inserts-stream with that first line."""
        return RowInserter.of(line, self.world)

    def close(self) -> None:
        """End what runs for clients."""
        self.views.close()
        with self._lock:
            running = list(self._running.values())
        for push in running:
            push.stop()


def _clauses(statement: st.SelectStatement) -> list[tuple[str, bool]]:
    query = statement.query
    return [
        ("WINDOW", query.window is not None),
        ("GROUP BY", bool(query.group_by)),
        ("PARTITION BY", bool(query.partition_by)),
        ("HAVING", query.having is not None),
    ]
