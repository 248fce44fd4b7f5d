"""Tests in one SQL file, as ksqlDB's own testing tool reads them: statements, and what has to be true then.

--@test: name                           begins a test; a file without any is one test
--@expected.error: ClassName            the test has to fail,
--@expected.message: text               with these words in the message
INSERT INTO source (columns) VALUES (values);
ASSERT VALUES sink (columns) VALUES (values);    the next record of the sink has these values
ASSERT NULL VALUES sink (key) KEY (value);       it is a tombstone
ASSERT STREAM sink (columns) WITH (..);          the sink is like that; ASSERT TABLE as well
RUN SCRIPT 'file';                      the statements of another file
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadStatement, KsqlError
from ksqlflink.statements.requests import parsed
from ksqlflink.statements.variables import split
from ksqlflink.testing.asserted import AssertionProblem, ValueAsserter, check_source
from ksqlflink.testing.server import MemoryServer, session
from ksqlflink.worker.process import Worker

Parsed = TypeVar("Parsed", bound=st.Statement)
_TEST = re.compile(r"^--@test:", re.MULTILINE)
_DIRECTIVE = re.compile(r"^--@([\w.]+):[ \t]*(.*?)\s*$", re.MULTILINE)
_KNOWN = {"test", "expected.error", "expected.message"}
_COMMENTS = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/|\s+)*", re.DOTALL)
_ASSERT = re.compile(r"ASSERT\s+(NULL\s+VALUES|VALUES|STREAM|TABLE)\b(.*)", re.IGNORECASE | re.DOTALL)
_KEY = re.compile(r"\bKEY\b(?=\s*\()", re.IGNORECASE)
_SCRIPT = re.compile(r"RUN\s+SCRIPT\s+'((?:[^']|'')*)'\s*;", re.IGNORECASE)


class Malformed(Exception):
    """A file that is no test."""


@dataclass(frozen=True)
class SqlTest:
    """One test of a file; `first_line` is where its text begins there."""

    file: Path
    text: str
    first_line: int

    @cached_property
    def directives(self) -> dict[str, str]:
        """What is said of the test in comments."""
        return dict(_DIRECTIVE.findall(self.text))

    @property
    def name(self) -> str:
        """What the test is called."""
        return self.directives.get("test", self.file.stem)

    def differences(self, worker: Worker) -> list[str]:
        """Run the test; what is not as it has to be."""
        problem, wanted = self._problem(worker), self.directives.get("expected.message", "")
        if self.directives.keys() == {"test"} or not self.directives:
            return [] if problem is None else [problem]
        if problem is None:
            return [f"{self.file}:{self.first_line}: it should have failed: {wanted}"]
        return [] if wanted in problem else [f"it should have failed otherwise: {wanted}", problem]

    def _problem(self, worker: Worker) -> str | None:
        """Carry out the statements; what the first one that fails says, with its place."""
        with MemoryServer(worker) as server:
            script = _Script(server)
            for line, statement in statements_of(self.text, self.first_line):
                try:
                    script.run(statement, self.file)
                except (AssertionProblem, KsqlError) as problem:
                    said = problem.message if isinstance(problem, KsqlError) else problem
                    return f"{self.file}:{line}: {said}"
        return None


def sql_tests(file: Path) -> list[SqlTest]:
    """Return the tests of a file; Malformed where one says something unknown."""
    text = file.read_text()
    starts = [found.start() for found in _TEST.finditer(text)] or [0]
    if any(statements_of(text[: starts[0]])):
        raise Malformed(f"{file}: there are statements before the first --@test:")
    ends = [*starts[1:], len(text)]
    tests = [
        SqlTest(file, text[start:end], text.count("\n", 0, start) + 1)
        for start, end in zip(starts, ends, strict=True)
    ]
    for test in tests:
        unknown = test.directives.keys() - _KNOWN
        if unknown:
            raise Malformed(f"{file}:{test.first_line}: unknown: --@{', --@'.join(sorted(unknown))}")
    return tests


def statements_of(text: str, first_line: int = 1) -> Iterator[tuple[int, str]]:
    """Yield each statement with the line that it begins in."""
    line = first_line
    for statement in split(text):
        before = _COMMENTS.match(statement)
        skipped = before[0] if before else ""
        if statement[len(skipped) :]:
            yield line + skipped.count("\n"), statement[len(skipped) :]
        line += statement.count("\n")


@dataclass
class _Script:
    """Statements one after the other; `read` counts the records of each topic that were asserted."""

    server: MemoryServer
    read: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.session = session()

    def run(self, statement: str, file: Path) -> None:
        """Carry out a statement of a file; AssertionProblem or KsqlError when it fails."""
        asserted, script = _ASSERT.match(statement), _SCRIPT.match(statement)
        if script is not None:
            path = file.parent / script[1].replace("''", "'").lstrip("/")
            for _, other in statements_of(path.read_text()):
                self.run(other, path)
        elif asserted is None:
            self.server.run(statement, self.session)
        else:
            self._assert(" ".join(asserted[1].upper().split()), asserted[2])

    def _assert(self, what: str, rest: str) -> None:
        """ASSERT is written like the statement that would make what it claims."""
        if what in ("STREAM", "TABLE"):
            check_source(self.server, self._parsed(f"CREATE {what}{rest}", st.CreateSource))
            return
        is_null = what == "NULL VALUES"
        inserted = "INSERT INTO" + (_KEY.sub("VALUES", rest, count=1) if is_null else rest)
        ValueAsserter(self.server, self.read).check(self._parsed(inserted, st.InsertValues), is_null)

    def _parsed(self, text: str, kind: type[Parsed]) -> Parsed:
        (statement,) = parsed(text, self.server.world, self.session.variables)
        if not isinstance(statement, kind):
            raise BadStatement("ASSERT is followed by columns and values.", text)
        return statement
