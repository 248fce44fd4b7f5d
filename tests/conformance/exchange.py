"""Send one recorded request exactly as it was sent, and compare the answer with the recorded one."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .compare import compare_values, json_diff, text
from .masking import documents, mask
from .story import Request, Response

KEPT_HEADERS = ("content-type", "transfer-encoding", "location")
QUERY_ENDPOINTS = ("/query", "/query-stream", "/close-query", "/inserts-stream")
TIMEOUT_S = 120.0
IDLE_S = 3.0

Transform = Callable[[Any], Any]


class HttpServer:
    """The server under test; requests carry the recorded headers and no others of a client's own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port

    def send(self, request: Request, *, cut: bool = False) -> Response:
        """The response, its body as text; with `cut` the reading stops when nothing more comes."""
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=TIMEOUT_S)
        try:
            return self._exchange(connection, request, cut)
        finally:
            connection.close()

    def _exchange(self, connection: http.client.HTTPConnection, request: Request, cut: bool) -> Response:
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        body = _body(request)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        content = _read_until_idle(connection, response) if cut else response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(status=response.status, headers=headers, body=content.decode())


def _body(request: Request) -> bytes | None:
    if request.body is None:
        return None
    if isinstance(request.body, str):
        return request.body.encode()
    return json.dumps(request.body).encode()


def _read_until_idle(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> bytes:
    connection.sock.settimeout(IDLE_S)
    content = b""
    try:
        while chunk := response.read1():
            content += chunk
    except TimeoutError:
        pass
    return content


def compare_exchange(
    request: Request, expected: Response, actual: Response, transform: Transform
) -> list[str]:
    """Differences of status, headers and body; `transform` is applied to both bodies before comparing."""
    is_query = request.path.startswith(QUERY_ENDPOINTS)
    left = _parsed(expected.body, is_query)
    right = _parsed(actual.body, is_query or isinstance(expected.body, str))
    return [
        *compare_values("status", expected.status, actual.status),
        *_compare_headers(expected, actual, is_same=text(left) == text(right)),
        *_compare_bodies(mask(transform(left)), mask(transform(right))),
    ]


def _parsed(body: Any, is_text: bool) -> Any:
    if not isinstance(body, str):
        return body
    if is_text:
        return documents(body)
    try:
        return json.loads(body)
    except ValueError:
        return documents(body)


def _compare_headers(expected: Response, actual: Response, *, is_same: bool) -> list[str]:
    lines: list[str] = []
    for name in KEPT_HEADERS:
        lines += compare_values(f"header {name}", expected.headers.get(name), actual.headers.get(name))
    left, right = expected.headers.get("content-length"), actual.headers.get("content-length")
    if is_same or left is None or right is None:
        # Where the bodies differ in what varies, so may their lengths.
        lines += compare_values("header content-length", left, right)
    return lines


def _compare_bodies(expected: Any, actual: Any) -> list[str]:
    if text(expected) == text(actual):
        return []
    return ["body (- expected, + actual):", *json_diff(expected, actual)]
