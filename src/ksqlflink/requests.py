"""A request to /ksql: parsed as a whole, validated as a whole, then carried out statement by statement."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from ksqlflink.dialect import DialectError, PreparationProblem, parse
from ksqlflink.dialect.statements import Statement
from ksqlflink.entities import Entity
from ksqlflink.errors import BadStatement, SequenceTimeout
from ksqlflink.executor import Executor, Properties
from ksqlflink.properties import check_streams_properties


@dataclass
class RequestHandler:
    """Runs requests one after the other."""

    executor: Executor
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, text: str, properties: Properties, sequence: int | None) -> list[Entity]:
        """Return one entity for each statement that answers something; KsqlError when the request is refused.

        `sequence` is the command that must have been executed before, if any.
        """
        with self._lock:
            return self._run(text, properties, sequence)

    def _run(self, text: str, properties: Properties, sequence: int | None) -> list[Entity]:
        check_streams_properties(properties, text)
        if sequence is not None and sequence > self.executor.world.catalogue.newest_sequence():
            raise SequenceTimeout(
                "Timed out while waiting for a previous command to execute. command sequence number: "
                f"{sequence}"
            )
        statements = _parse(text)
        if len(statements) > 1:
            _carry_out(self.executor.sandbox(), statements, dict(properties))
        return _carry_out(self.executor, statements, dict(properties))


def _parse(text: str) -> tuple[Statement, ...]:
    try:
        return parse(text)
    except PreparationProblem as problem:
        raise BadStatement(problem.message, problem.statement_text or text) from problem
    except DialectError as problem:
        raise BadStatement(problem.message, text) from problem


def _carry_out(
    executor: Executor, statements: tuple[Statement, ...], properties: dict[str, Any]
) -> list[Entity]:
    answers = [executor.execute(statement, properties) for statement in statements]
    return [answer for answer in answers if answer is not None]
