"""Why nobody answers, in words that say what to look at."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import BadStatusLine
from ssl import SSLError

import requests
from urllib3.exceptions import HTTPError, NameResolutionError

from macd.errors import ServiceUnreachable

CONNECT_TIMEOUT_S = 5.0
_NO_NAME = "the name does not resolve", "Check the spelling of the address and the DNS server."
_REFUSED = "nobody listens there", "Start the service (locally: `macd local up`), or correct the port."
_SILENT = "no answer: packets are dropped", "Check the address, firewalls, security groups and access lists."
_NOT_HTTP = "it hangs up", "What listens there does not speak HTTP, or not with TLS: check the port."
_TLS = "TLS cannot be agreed on", "Check https/http, SASL_SSL/SASL_PLAINTEXT, and the certificate authority."


def connect(service: str, address: str) -> None:
    """Opens and closes a TCP connection to host:port; ServiceUnreachable says why it cannot be opened."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        why, remedy = explain(error) or (str(error), "Check the address.")
        raise ServiceUnreachable(service, f"no answer from {address} ({why}).", remedy=remedy) from error


def with_reason(error: ServiceUnreachable) -> ServiceUnreachable:
    """The same error with the reason that is buried in its causes, if there is one that helps."""
    for cause in _causes(error):
        found = explain(cause)
        if found is not None and found[0] not in error.message:
            why, remedy = found
            text = error.message.removeprefix(f"{error.service}: ").rstrip(".")
            return ServiceUnreachable(error.service, f"{text}: {why}.", remedy=f"{remedy} {error.remedy}")
    return error


def explain(error: BaseException) -> tuple[str, str] | None:
    """Why a connection failed, and what to do; None for what is not one of the usual reasons."""
    if isinstance(error, NameResolutionError | socket.gaierror):
        return _NO_NAME
    if isinstance(error, SSLError | requests.exceptions.SSLError):
        return _TLS
    if isinstance(error, ConnectionRefusedError):
        return _REFUSED
    if isinstance(error, ConnectionResetError | BadStatusLine):
        return _NOT_HTTP
    if isinstance(error, TimeoutError | requests.exceptions.Timeout):
        return _SILENT
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The chain of causes, innermost first; requests and urllib3 hand some on as arguments."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        inner = [each for each in (*error.args, getattr(error, "reason", None)) if _is_wrapped(each)]
        error = error.__cause__ or (inner[0] if inner else None) or error.__context__
    yield from reversed(seen)


def _is_wrapped(value: object) -> bool:
    return isinstance(value, HTTPError | OSError)
