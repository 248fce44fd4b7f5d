"""Errors the server answers with, in ksqlDB's shapes.

KsqlError
├── BadStatement      400, statement_error 40001
│   └── NotSupported  the same: ksqlDB has it and this server has not
├── BadRequest        400, generic_error 40000
├── WrongEndpoint     400, statement_error 40002
├── TooManyQueries    400, generic_error 40003
├── NeedsHttp2        400, generic_error 40004
├── Stranger          403, generic_error 40300
├── BodyTooLarge      413, generic_error 41300
├── AssertionFailed   417, generic_error 41700
├── ConnectRefusal    whatever Kafka Connect answered, generic_error with that status x 100
├── SequenceTimeout   503, generic_error 50301
├── Overflow          500, generic_error 50000 (ksqlDB itself breaks over the statement)
└── ServerProblem     500, statement_error 50000 (a service behind the server does not answer)
"""

from __future__ import annotations

from typing import Any


class KsqlError(Exception):
    """An error with ksqlDB's code; `statement_text` is None for a generic_error."""

    status = 400
    code = 40000

    def __init__(self, message: str, statement_text: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.statement_text = statement_text

    def body(self) -> dict[str, Any]:
        """Return the response body."""
        if self.statement_text is None:
            return {"@type": "generic_error", "error_code": self.code, "message": self.message}
        return {
            "@type": "statement_error",
            "error_code": self.code,
            "message": self.message,
            "statementText": self.statement_text,
            "entities": [],
        }


class BadRequest(KsqlError):
    """The request is refused as a whole."""


class BadStatement(KsqlError):
    """A statement is refused; the text is filled in by whoever knows it."""

    code = 40001


class NotSupported(BadStatement):
    """A statement is refused that ksqlDB may accept."""


def not_supported(construct: str, position: object, text: str) -> NotSupported:
    """Return the refusal of something ksqlDB has and this server has not."""
    return NotSupported(f"{position}: {construct} is not supported by ksqlflink", text)


class WrongEndpoint(KsqlError):
    """A query came to /ksql."""

    code = 40002


class TooManyQueries(KsqlError):
    """As many push queries run as may at once."""

    code = 40003


class NeedsHttp2(KsqlError):
    """An endpoint that ksqlDB serves over HTTP/2 only."""

    code = 40004


class Stranger(KsqlError):
    """A page of another site calls, or somebody calls by a name that is not the server's."""

    status = 403
    code = 40300


class BodyTooLarge(KsqlError):
    """A request's body is larger than any that makes sense."""

    status = 413
    code = 41300


class AssertionFailed(KsqlError):
    """What an ASSERT statement says is not so."""

    status = 417
    code = 41700


class ConnectRefusal(KsqlError):
    """Kafka Connect does not do what was asked; it has Connect's own status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
        self.code = status * 100


class SequenceTimeout(KsqlError):
    """The command the client wants to have happened before has not."""

    status = 503
    code = 50301


class Overflow(KsqlError):
    """A statement that ksqlDB never comes to the end of; the message is the whole of its answer."""

    status = 500
    code = 50000

    def __init__(self) -> None:
        super().__init__("java.lang.StackOverflowError")


class ServerProblem(KsqlError):
    """Kafka, the registry or Flink does not answer, or refuses what should have worked."""

    status = 500
    code = 50000
