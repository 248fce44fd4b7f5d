"""MongoDB with PyMongo: a client with explicit time limits, and errors with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, TypeVar

import pymongo
from pydantic import BaseModel, ValidationError
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
)

from macd.errors import (
    AuthenticationFailed,
    DocumentUnreadable,
    MacdError,
    RequestRejected,
    ServiceUnreachable,
    SpecError,
)
from macd.redaction import redacted
from macd.specs.endpoints import MongoService

SERVICE = "MongoDB"
Document = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)
# Milliseconds. A server that is there is found at once; a query over a run's ids answers within seconds.
_TIME_LIMITS = {"serverSelectionTimeoutMS": 5_000, "connectTimeoutMS": 5_000, "socketTimeoutMS": 60_000}
# A document that holds a date beyond the year 9999 or bytes that are no UTF-8 has to be read to be reported.
_READ_ANYTHING = {"datetime_conversion": "DATETIME_AUTO", "unicode_decode_error_handler": "replace"}
_UNAUTHORIZED = {13, 18, 8000}


@contextmanager
def connected(
    service: MongoService,
    open_client: Callable[..., MongoClient[Document]] = MongoClient,
    within_s: float | None = None,
) -> Iterator[Database[Document]]:
    """The service's database; PyMongo's errors inside the block come out as macd.errors.

    Dates are read as aware UTC datetimes (DatetimeMS where that has no such). Everything in the block has to
    be done within `within_s` seconds; the server is told so with each command (maxTimeMS).
    """
    uri = service.uri.get_secret_value()
    try:
        with (
            nullcontext() if within_s is None else pymongo.timeout(within_s),
            open_client(uri, tz_aware=True, appname="macd", **_READ_ANYTHING, **_TIME_LIMITS) as client,
        ):
            yield client[service.database]
    except PyMongoError as error:
        raise wrap(error, service.secrets) from error


def read_document(document: Document, read: Callable[[Document], Model], collection: str) -> Model:
    """The document as a model; DocumentUnreadable names it and what is wrong with it."""
    try:
        return read(document)
    except (ValidationError, TypeError) as error:
        name = document["_id"]
        raise DocumentUnreadable(
            f"The document {name!r} of {collection} cannot be read ({_first_mistake(error)}).",
            remedy=f"See it with db.{collection}.findOne({{_id: {name!r}}}) and put it right, or delete it.",
        ) from error


def readable(
    documents: Iterable[Document], read: Callable[[Document], Model], collection: str
) -> Iterator[Model]:
    """Those that can be read: where many are asked for, one must not hide all others."""
    for document in documents:
        with suppress(DocumentUnreadable):
            yield read_document(document, read, collection)


def _first_mistake(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return str(error)  # a field has the name of the model's own id
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def wrap(error: PyMongoError, secrets: Iterable[str] = ()) -> MacdError:
    """A PyMongo error as one of ours; quotes neither the URI, which may hold a password, nor `secrets`."""
    if _is_about_dns(error):
        return ServiceUnreachable(
            SERVICE,
            "the name in the URI does not resolve (DNS).",
            remedy="Check the host of the connection macd_mongodb (mongodb+srv://...) and the DNS server.",
        )
    if isinstance(error, InvalidURI | ConfigurationError):
        return SpecError(
            f"The MongoDB URI cannot be used ({type(error).__name__}).",
            remedy="Correct the URI of the connection macd_mongodb (mongodb://host:port/ or mongodb+srv://...).",
        )
    if isinstance(error, ConnectionFailure | NetworkTimeout):
        return ServiceUnreachable(
            SERVICE,
            f"no answer ({type(error).__name__}: {_first_sentence(error, secrets)}).",
            remedy="Check that it runs (`macd status`), the address in macd_mongodb and the access list.",
        )
    if isinstance(error, ExecutionTimeout):
        return ServiceUnreachable(
            SERVICE,
            "it gave a query up because its time limit was over.",
            remedy="Ask for less, look for what else keeps MongoDB busy, and whether its indexes are there "
            "(`macd plan`).",
        )
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _UNAUTHORIZED:
        return AuthenticationFailed(
            SERVICE,
            f"refused the credentials or the permission (code {code}).",
            remedy="Check user, password and role (readWrite) of the connection macd_mongodb.",
        )
    return RequestRejected(
        SERVICE,
        f"{type(error).__name__}: {_first_sentence(error, secrets)}",
        remedy="Read MongoDB's log for the request that it refused.",
        code=code,
    )


def _is_about_dns(error: PyMongoError) -> bool:
    """PyMongo calls it a wrong configuration when the SRV record of mongodb+srv cannot be looked up."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, ConfigurationError) and type(cause).__module__.startswith("dns.")


def _first_sentence(error: PyMongoError, secrets: Iterable[str]) -> str:
    """PyMongo appends a description of the whole topology, which nobody reads in a task log."""
    return redacted(str(error), secrets).split(" (configured timeouts", 1)[0].split(", Timeout:", 1)[0][:300]
