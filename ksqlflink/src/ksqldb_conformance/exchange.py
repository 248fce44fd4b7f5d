"""Send one recorded request exactly as it was sent, and compare the answer with the recorded one."""

from __future__ import annotations

import http.client
import json
import select
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

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
        if request.http == "2":
            return self._send_http2(request)
        with OpenStream(self._connect(), request) as stream:
            return stream.read(until_idle=cut)

    def _send_http2(self, request: Request) -> Response:
        """The response over HTTP/2, begun without negotiation as ksqlDB's own clients do."""
        scheme = "https" if self._is_tls else "http"
        url = f"{scheme}://{self._host}:{self._port}{request.path}"
        with httpx.Client(http1=False, http2=True, timeout=TIMEOUT_S) as client:
            answer = client.request(request.method, url, content=_body(request), headers=request.headers)
        return Response(status=answer.status_code, headers=dict(answer.headers), body=answer.text)

    def open(self, request: Request) -> OpenStream:
        """The response to a request as a stream that stays open."""
        return OpenStream(self._connect(), request)

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=TIMEOUT_S)


class OpenStream:
    """A response that is read piece by piece."""

    def __init__(self, connection: http.client.HTTPConnection, request: Request) -> None:
        self._connection = connection
        self._response = self._sent(request)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the stream."""
        self._connection.close()

    def _sent(self, request: Request) -> http.client.HTTPResponse:
        connection = self._connection
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        body = _body(request)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse()

    def read(self, *, until_idle: bool = False) -> Response:
        """What comes up to the end, or until nothing more comes for a while."""
        response = self._response
        content = _read_until_idle(self._connection, response) if until_idle else response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(status=response.status, headers=headers, body=content.decode())


def _body(request: Request) -> bytes | None:
    if request.body is None:
        return None
    if isinstance(request.body, str):
        return request.body.encode()
    return json.dumps(request.body).encode()


def _read_until_idle(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> bytes:
    """What comes until there is a pause; afterwards the response can be read on."""
    content = b""
    while not response.isclosed() and _has_more(connection.sock, response):
        chunk = response.read1()
        if not chunk:
            break
        content += chunk
    return content


def _has_more(sock: socket.socket, response: http.client.HTTPResponse) -> bool:
    """True as soon as a piece has come: a read that times out would lose its place in the stream."""
    sock.setblocking(False)
    try:
        buffered: bytes = response.fp.peek(1)
    finally:
        sock.settimeout(TIMEOUT_S)
    if buffered.strip(b"\r\n"):
        return True
    readable, _, _ = select.select([sock], [], [], IDLE_S)
    return bool(readable)


def compare_exchange(
    request: Request, expected: Response, actual: Response, transform: Transform
) -> list[str]:
    """Differences of status, headers and body; `transform` is applied to both bodies before comparing."""
    is_query = request.path.startswith(QUERY_ENDPOINTS)
    left = _parsed(expected.body, is_query)
    right = _parsed(actual.body, is_query or isinstance(expected.body, str))
    differences = compare_values("status", expected.status, actual.status)
    if request.http == "1.1":  # the headers of HTTP/2 answers were not recorded
        differences += _compare_headers(expected, actual, is_same=text(left) == text(right))
    return [*differences, *_compare_bodies(mask(transform(left)), mask(transform(right)))]


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
