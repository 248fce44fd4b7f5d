"""A request to /ksql: parsed as a whole, validated as a whole, then carried out statement by statement."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ksqlflink.dialect import DialectError, PreparationProblem, parse
from ksqlflink.dialect import statements as st
from ksqlflink.errors import BadStatement, SequenceTimeout, ServerProblem
from ksqlflink.statements.entities import Entity
from ksqlflink.statements.executor import Executor, Properties, Session
from ksqlflink.statements.properties import check_streams_properties
from ksqlflink.statements.variables import substitute
from ksqlflink.statements.world import World

# They change no catalogue and may take long; what an assertion waits for may come with another request.
_BESIDE_OTHERS = (st.AssertTopic, st.AssertSchema, st.InsertValues)


@dataclass
class RequestHandler:
    """Runs requests; statements that change the catalogue run one after the other."""

    executor: Executor
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(
        self,
        text: str,
        properties: Properties,
        sequence: int | None,
        variables: Mapping[str, str] | None = None,
    ) -> list[Entity]:
        """Return one entity for each statement that answers something; KsqlError when the request is refused.

        `sequence` is the command that must have been executed before, if any.
        """
        check_streams_properties(properties, text)
        world = self.executor.world
        check_sequence(world, sequence)
        given = {name.lower(): value for name, value in (variables or {}).items()}
        statements = parsed(text, world, given)
        if len(statements) > 1:
            with self._lock:
                sandbox = self.executor.sandbox()
                self._carry_out(sandbox, statements, Session(dict(properties), dict(given)))
        return self._carry_out(self.executor, statements, Session(dict(properties), given), self._lock)

    @staticmethod
    def _carry_out(
        executor: Executor,
        statements: tuple[st.Statement, ...],
        session: Session,
        lock: threading.Lock | None = None,
    ) -> list[Entity]:
        answers = []
        for statement in statements:
            if lock is None or isinstance(statement, _BESIDE_OTHERS):
                answers.append(_executed(executor, statement, session))
                continue
            with lock:
                answers.append(_executed(executor, statement, session))
        return [answer for answer in answers if answer is not None]


def _executed(executor: Executor, statement: st.Statement, session: Session) -> Entity | None:
    """Return a statement's answer; the service that does not do what it should knows no statement."""
    try:
        return executor.execute(statement, session)
    except ServerProblem as problem:
        problem.statement_text = problem.statement_text or statement.text
        raise


def check_sequence(world: World, sequence: int | None) -> None:
    """Raise SequenceTimeout when a command has not been executed."""
    if sequence is not None and sequence > world.catalogue.newest_sequence():
        raise SequenceTimeout(
            f"Timed out while waiting for a previous command to execute. command sequence number: {sequence}"
        )


def parsed(text: str, world: World, variables: Mapping[str, str]) -> tuple[st.Statement, ...]:
    """Return the statements of a text; BadStatement when it is not ksqlDB SQL."""
    try:
        return parse(substitute(text, dict(variables)), world.catalogue.types())
    except PreparationProblem as problem:
        raise BadStatement(problem.message, problem.statement_text or text) from problem
    except DialectError as problem:
        raise BadStatement(problem.message, text) from problem
