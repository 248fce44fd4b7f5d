"""Errors of the dialect. They say where in the text the trouble is, the way ksqlDB says it."""

from __future__ import annotations


class DialectError(Exception):
    """A request text that cannot be turned into statements; `message` is what the client is shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SyntaxProblem(DialectError):
    """The text is not ksqlDB SQL; line and column count from 1."""

    def __init__(self, line: int, column: int, detail: str) -> None:
        super().__init__(f"line {line}:{column}: Syntax Error\n{detail}")


class PreparationProblem(DialectError):
    """The text parses but does not make a statement, such as an unknown type."""

    def __init__(self, detail: str, statement_text: str | None = None) -> None:
        super().__init__(f"Failed to prepare statement: {detail}")
        self.statement_text = statement_text
